package io.riffle.bench;

import java.io.Serializable;

/** Makes events by number. The object may be the same each time; null means that there is no such event. */
interface Maker<T> {
    T make(long n);

    interface Factory<T> extends Serializable {
        Maker<T> create();
    }
}
