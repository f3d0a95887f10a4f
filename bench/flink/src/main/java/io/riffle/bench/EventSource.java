package io.riffle.bench;

import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.ReaderOutput;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.core.io.InputStatus;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.util.InstantiationUtil;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The events 0 to total-1 as a bounded source without limit of rate. Its readers take turns: reader
 * i of p makes every p-th block of BLOCK events, so event time advances evenly in all of them.
 */
final class EventSource<T> implements Source<T, EventSource.Turn, ArrayList<EventSource.Turn>>, ResultTypeQueryable<T> {
    private static final long serialVersionUID = 1L;
    static final int BLOCK = 500;

    private final Maker.Factory<T> makers;
    private final long total;
    private final TypeInformation<T> type;

    EventSource(Maker.Factory<T> makers, long total, TypeInformation<T> type) {
        this.makers = makers;
        this.total = total;
        this.type = type;
    }

    /** The blocks that begin at next, next + stride, … before end. */
    record Turn(int index, long next, long stride, long end) implements SourceSplit, java.io.Serializable {
        @Override
        public String splitId() {
            return "turn-" + index;
        }
    }

    @Override public Boundedness getBoundedness() { return Boundedness.BOUNDED; }
    @Override public TypeInformation<T> getProducedType() { return type; }
    @Override public SourceReader<T, Turn> createReader(SourceReaderContext c) { return new Reader<>(makers.create()); }
    @Override public SimpleVersionedSerializer<Turn> getSplitSerializer() { return new JavaSerializer<>(); }
    @Override public SimpleVersionedSerializer<ArrayList<Turn>> getEnumeratorCheckpointSerializer() { return new JavaSerializer<>(); }

    @Override
    public SplitEnumerator<Turn, ArrayList<Turn>> createEnumerator(SplitEnumeratorContext<Turn> c) {
        ArrayList<Turn> turns = new ArrayList<>();
        int p = c.currentParallelism();
        for (int i = 0; i < p; i++) {
            turns.add(new Turn(i, (long) i * BLOCK, (long) p * BLOCK, total));
        }
        return new Enumerator(c, turns);
    }

    @Override
    public SplitEnumerator<Turn, ArrayList<Turn>> restoreEnumerator(SplitEnumeratorContext<Turn> c, ArrayList<Turn> left) {
        return new Enumerator(c, left);
    }

    /** Gives each reader that comes one turn. */
    private record Enumerator(SplitEnumeratorContext<Turn> context, ArrayList<Turn> left) implements SplitEnumerator<Turn, ArrayList<Turn>> {
        @Override public void start() {}
        @Override public void handleSplitRequest(int subtask, String host) {}
        @Override public void addSplitsBack(List<Turn> back, int subtask) { left.addAll(back); }
        @Override public ArrayList<Turn> snapshotState(long checkpoint) { return new ArrayList<>(left); }
        @Override public void close() {}

        @Override
        public void addReader(int subtask) {
            if (!left.isEmpty()) {
                context.assignSplit(left.remove(0), subtask);
            }
            context.signalNoMoreSplits(subtask);
        }
    }

    private static final class Reader<T> implements SourceReader<T, Turn> {
        private final Maker<T> maker;
        private final ArrayDeque<Turn> turns = new ArrayDeque<>();
        private final CompletableFuture<Void> told = new CompletableFuture<>();
        private boolean last;
        private long next;

        Reader(Maker<T> maker) {
            this.maker = maker;
        }

        @Override
        public InputStatus pollNext(ReaderOutput<T> out) {
            Turn turn = turns.peek();
            if (turn == null) {
                return last ? InputStatus.END_OF_INPUT : InputStatus.NOTHING_AVAILABLE;
            }
            long stop = Math.min(next + BLOCK, turn.end);
            for (long n = next; n < stop; n++) {
                T event = maker.make(n);
                if (event != null) {
                    out.collect(event, Nexmark.millis(n));
                }
            }
            next += turn.stride;
            if (next >= turn.end) {
                turns.remove();
                begin();
            }
            return InputStatus.MORE_AVAILABLE;
        }

        private void begin() {
            if (!turns.isEmpty()) {
                next = turns.peek().next;
            }
        }

        @Override
        public List<Turn> snapshotState(long checkpoint) {
            List<Turn> out = new ArrayList<>(turns);
            if (!out.isEmpty()) {
                Turn t = out.get(0);
                out.set(0, new Turn(t.index, next, t.stride, t.end));
            }
            return out;
        }

        @Override
        public void addSplits(List<Turn> more) {
            boolean idle = turns.isEmpty();
            turns.addAll(more);
            if (idle) {
                begin();
            }
            told.complete(null);
        }

        @Override
        public void notifyNoMoreSplits() {
            last = true;
            told.complete(null);
        }

        @Override public CompletableFuture<Void> isAvailable() { return told; }
        @Override public void start() {}
        @Override public void close() {}
    }

    private static final class JavaSerializer<S extends java.io.Serializable> implements SimpleVersionedSerializer<S> {
        @Override public int getVersion() { return 1; }
        @Override public byte[] serialize(S s) throws IOException { return InstantiationUtil.serializeObject(s); }

        @Override
        public S deserialize(int version, byte[] bytes) throws IOException {
            try {
                return InstantiationUtil.deserializeObject(bytes, getClass().getClassLoader());
            } catch (ClassNotFoundException e) {
                throw new IOException(e);
            }
        }
    }
}
