package io.riffle.bench;

import static io.riffle.bench.Draws.GAMMA;
import static io.riffle.bench.Draws.below;
import static io.riffle.bench.Draws.draw;
import static io.riffle.bench.Draws.mix;
import static io.riffle.bench.Draws.seed;

import io.riffle.bench.Texts.Length;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;

/** The events of Nexmark, by the formulas of datasets/gen/nexmark: an event depends on its number alone. */
final class Nexmark {
    static final long BASE_MS = 1_767_225_600_000L;
    static final int EPOCH = 50, AUCTIONS = 3;
    private static final int FIRST_ID = 1000, HOT_STRIDE = 100, IN_FLIGHT = 100, ACTIVE = 1000, LEAD = 10;
    private static final int EXPIRY_MS = 2 * (IN_FLIGHT * EPOCH / AUCTIONS / 10);

    private Nexmark() {}

    static long millis(long n) {
        return BASE_MS + n / 10;
    }

    static int typeOf(long n) {
        long off = n % EPOCH;
        return off == 0 ? 0 : off <= AUCTIONS ? 1 : 2;
    }

    /** The newest auction's number when the auction or bid n happens. */
    private static long lastAuction(long n) {
        return n / EPOCH * AUCTIONS + Math.min(n % EPOCH - 1, AUCTIONS - 1);
    }

    private static long hot(long last) {
        return last / HOT_STRIDE * HOT_STRIDE;
    }

    private static long coldPerson(long last, long d) {
        long people = Math.min(last + 1, ACTIVE);
        return last + 1 - people + below(d, people + LEAD);
    }

    private static long coldAuction(long last, long d) {
        long first = Math.max(last - IN_FLIGHT, 0);
        return first + below(d, last - first + 1 + LEAD);
    }

    /** Event times by event number; ten events share one. */
    private static final class Clock {
        private long ms = Long.MIN_VALUE;
        private TimestampData at;

        TimestampData of(long n) {
            long now = millis(n);
            if (now != ms) {
                ms = now;
                at = TimestampData.fromEpochMillis(now);
            }
            return at;
        }
    }

    static final class Person extends LazyRow {
        private static final Length EMAIL = new Length(14, 0), CARD = new Length(19, 0), EXTRA = Length.pad(63, 200);
        private final Clock clock = new Clock();

        Person() {
            super(8);
        }

        @Override
        public long getLong(int i) {
            return FIRST_ID + n / EPOCH;
        }

        @Override
        public StringData getString(int i) {
            long s = seed(n);
            return switch (i) {
                case 1 -> Texts.NAMES[(int) below(draw(s, 1), Texts.NAMES.length)];
                case 2 -> EMAIL.cut(s + GAMMA);
                case 3 -> CARD.cut(s + 2 * GAMMA);
                case 4 -> Texts.CITIES[(int) below(draw(s, 4), Texts.CITIES.length)];
                case 5 -> Texts.STATES[(int) below(draw(s, 5), Texts.STATES.length)];
                default -> EXTRA.cut(s + 5 * GAMMA);
            };
        }

        @Override
        public TimestampData getTimestamp(int i, int precision) {
            return clock.of(n);
        }
    }

    static final class Auction extends LazyRow {
        private static final Length ITEM = Length.upTo(20), DESCRIPTION = Length.upTo(100), EXTRA = Length.pad(118, 500);
        private final Clock clock = new Clock();

        Auction() {
            super(10);
        }

        private long afterSeller() {
            long s = seed(n) + GAMMA;
            return mix(s) >>> 62 == 0 ? s + GAMMA : s;
        }

        private long seller() {
            long last = n / EPOCH, s = seed(n);
            return FIRST_ID + (draw(s, 1) >>> 62 == 0 ? coldPerson(last, draw(s, 2)) : hot(last));
        }

        @Override
        public long getLong(int i) {
            return switch (i) {
                case 0 -> FIRST_ID + lastAuction(n);
                case 3 -> Texts.price(draw(afterSeller(), 2));
                case 4 -> Texts.price(draw(afterSeller(), 2)) + Texts.price(draw(afterSeller(), 8));
                case 7 -> seller();
                default -> 10 + below(draw(afterSeller(), 1), 5);
            };
        }

        @Override
        public StringData getString(int i) {
            long s = afterSeller();
            return switch (i) {
                case 1 -> ITEM.cut(s + 3 * GAMMA);
                case 2 -> DESCRIPTION.cut(s + 5 * GAMMA);
                default -> EXTRA.cut(s + 8 * GAMMA);
            };
        }

        @Override
        public TimestampData getTimestamp(int i, int precision) {
            if (i == 5) {
                return clock.of(n);
            }
            return TimestampData.fromEpochMillis(millis(n) + 1 + below(draw(afterSeller(), 3), EXPIRY_MS));
        }
    }

    static final class Bid extends LazyRow {
        private static final Length EXTRA = Length.pad(32, 100);
        private final Clock clock = new Clock();

        Bid() {
            super(7);
        }

        private long afterAuction() {
            long s = seed(n) + GAMMA;
            return mix(s) < 0 ? s : s + GAMMA;
        }

        private long afterBidder() {
            long s = afterAuction() + GAMMA;
            return mix(s) >>> 62 == 0 ? s + GAMMA : s;
        }

        private long auction() {
            long s = seed(n) + GAMMA, last = lastAuction(n);
            return FIRST_ID + (mix(s) < 0 ? hot(last) : coldAuction(last, draw(s, 1)));
        }

        private long bidder() {
            long s = afterAuction() + GAMMA, last = n / EPOCH;
            return FIRST_ID + (mix(s) >>> 62 == 0 ? coldPerson(last, draw(s, 1)) : hot(last) + 1);
        }

        private int site() {
            long s = afterBidder(), which = draw(s, 3);
            return (int) (draw(s, 2) < 0 ? below(which, Texts.HOT_SITES) : Texts.HOT_SITES + below(which, Texts.CHANNELS));
        }

        @Override
        public long getLong(int i) {
            return i == 0 ? auction() : i == 1 ? bidder() : Texts.price(draw(afterBidder(), 1));
        }

        @Override
        public StringData getString(int i) {
            return i == 3 ? Texts.SITES[site()] : i == 4 ? Texts.URLS[site()] : EXTRA.cut(afterBidder() + 3 * GAMMA);
        }

        @Override
        public TimestampData getTimestamp(int i, int precision) {
            return clock.of(n);
        }
    }

    /** An event of any kind, with the rows of the three kinds nested in it. */
    static final class Event extends LazyRow {
        private final LazyRow[] rows = {new Person(), new Auction(), new Bid()};

        Event() {
            super(4);
        }

        @Override
        public int getInt(int i) {
            return typeOf(n);
        }

        @Override
        public boolean isNullAt(int i) {
            return i > 0 && i - 1 != typeOf(n);
        }

        @Override
        public RowData getRow(int i, int fields) {
            rows[i - 1].n = n;
            return rows[i - 1];
        }
    }

    /** Makes every event. */
    static final class Events implements Maker<RowData> {
        private final Event event = new Event();

        @Override
        public RowData make(long n) {
            event.n = n;
            return event;
        }
    }

    /** Makes the bids among the events. */
    static final class Bids implements Maker<RowData> {
        private final Bid bid = new Bid();

        @Override
        public RowData make(long n) {
            if (n % EPOCH <= AUCTIONS) {
                return null;
            }
            bid.n = n;
            return bid;
        }
    }
}
