package io.riffle.bench;

import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.core.memory.MemorySegmentFactory;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.binary.BinaryStringData;

import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.charset.StandardCharsets;

/** What is drawn once for all Nexmark events: free text, names, channels with URLs, prices. */
final class Texts {
    static final int HOT_SITES = 4, CHANNELS = 10_000, PRICE_STEPS = 4096;
    private static final int POOL = 1 << 20;

    static final StringData[] STATES = strings("AZ", "CA", "ID", "OR", "WA", "WY");
    static final StringData[] CITIES = strings("Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend",
            "Redmond", "Seattle", "Kent", "Cheyenne");
    static final StringData[] NAMES = names(
            new String[] {"Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"},
            new String[] {"Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"});
    static final StringData[] SITES = new StringData[HOT_SITES + CHANNELS];
    static final StringData[] URLS = new StringData[HOT_SITES + CHANNELS];
    private static final double[] PRICES = prices();
    private static final MemorySegment[] LETTERS = new MemorySegment[1];
    private static long state = Draws.seed(-77);

    static {
        byte[] pool = new byte[POOL];
        for (int i = 0; i < POOL; i++) {
            pool[i] = (byte) ('a' + next(26));
        }
        LETTERS[0] = MemorySegmentFactory.wrap(pool);
        String[] hot = {"Google", "Facebook", "Baidu", "Apple"};
        for (int i = 0; i < HOT_SITES; i++) {
            SITES[i] = string(hot[i]);
            URLS[i] = string(url());
        }
        for (int i = 0; i < CHANNELS; i++) {
            SITES[HOT_SITES + i] = string("channel-" + i);
            boolean withId = next(10) > 0;
            String url = url();
            URLS[HOT_SITES + i] = string(withId ? url + "&channel_id=" + Math.abs(Integer.reverse(i)) : url);
        }
    }

    private Texts() {}

    private static long next(long bound) {
        state += Draws.GAMMA;
        return Draws.below(Draws.mix(state), bound);
    }

    private static StringData string(String s) {
        return StringData.fromBytes(s.getBytes(StandardCharsets.UTF_8));
    }

    static StringData[] strings(String... all) {
        StringData[] out = new StringData[all.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = string(all[i]);
        }
        return out;
    }

    private static StringData[] names(String[] first, String[] last) {
        String[] out = new String[first.length * last.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = first[i % first.length] + " " + last[i / first.length];
        }
        return strings(out);
    }

    private static String url() {
        StringBuilder s = new StringBuilder("https://bids.example.com/");
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 5; j++) {
                s.append((char) ('a' + next(26)));
            }
            s.append('/');
        }
        return s.append("item.htm?query=1").toString();
    }

    /** 100·10^(6i/4096) cents, computed with many digits and rounded once. */
    private static double[] prices() {
        MathContext digits = new MathContext(80);
        BigDecimal root = BigDecimal.valueOf(1_000_000);
        for (int n = 1; n < PRICE_STEPS; n *= 2) {
            root = root.sqrt(digits);
        }
        double[] out = new double[PRICE_STEPS + 1];
        BigDecimal power = BigDecimal.ONE;
        for (int i = 0; i <= PRICE_STEPS; i++) {
            out[i] = power.doubleValue() * 100;
            power = power.multiply(root, digits);
        }
        return out;
    }

    static long price(long draw) {
        double x = Draws.unit(draw) * PRICE_STEPS;
        int i = (int) x;
        double p = PRICES[i] + (PRICES[i + 1] - PRICES[i]) * (x - i);
        return (long) (p + 0.5);
    }

    /** Lengths of a text: min, plus [0, spread) by a draw; no draw when spread is 0. */
    record Length(long min, long spread) {
        /** Fills an event of have bytes up to about want, within a fifth. */
        static Length pad(int have, int want) {
            long slack = Math.round((want - have) * 0.2);
            return new Length(want - have - slack, 2 * slack);
        }

        static Length upTo(int limit) {
            return new Length(3, limit - 3);
        }

        /** The text whose draws begin after the state s. */
        StringData cut(long s) {
            long n = min;
            if (spread > 0) {
                s += Draws.GAMMA;
                n += Draws.below(Draws.mix(s), spread);
            }
            long at = Draws.below(Draws.mix(s + Draws.GAMMA), POOL - n);
            return BinaryStringData.fromAddress(LETTERS, (int) at, (int) n);
        }
    }
}
