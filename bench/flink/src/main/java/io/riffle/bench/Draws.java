package io.riffle.bench;

/** splitmix64 seeded with the number of an event, as datasets/gen/internal/splitmix does it in Go. */
final class Draws {
    static final long GAMMA = 0x9E3779B97F4A7C15L;

    private Draws() {}

    /** The state of event n before its first draw. */
    static long seed(long n) {
        return (n + 1) * 0xD1342543DE82EF95L;
    }

    static long mix(long s) {
        s = (s ^ s >>> 30) * 0xBF58476D1CE4E5B9L;
        s = (s ^ s >>> 27) * 0x94D049BB133111EBL;
        return s ^ s >>> 31;
    }

    /** The j-th draw after the state s. */
    static long draw(long s, long j) {
        return mix(s + j * GAMMA);
    }

    /** Maps a draw to [0, bound), bound below 2^31. */
    static long below(long draw, long bound) {
        return (draw >>> 32) * bound >>> 32;
    }

    static double unit(long draw) {
        return (draw >>> 11) * 0x1p-53;
    }
}
