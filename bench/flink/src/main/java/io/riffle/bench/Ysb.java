package io.riffle.bench;

import static io.riffle.bench.Draws.below;
import static io.riffle.bench.Draws.draw;
import static io.riffle.bench.Draws.seed;

import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.WindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/** The Yahoo streaming benchmark with the DataStream API: views, their campaigns, counts per 10 s. */
final class Ysb {
    private static final int CAMPAIGNS = 100, ADS_PER = 10;
    private static final String[] ADS = ids("ad", CAMPAIGNS * ADS_PER), CAMPAIGN = ids("campaign", CAMPAIGNS);
    private static final String[] USERS = ids("user", 100), PAGES = ids("page", 100);
    private static final String[] AD_TYPES = {"banner", "modal", "sponsored-search", "mail", "mobile"};
    private static final String[] EVENT_TYPES = {"view", "click", "purchase"};

    private Ysb() {}

    private static String[] ids(String kind, int n) {
        String[] out = new String[n];
        for (int i = 0; i < n; i++) {
            out[i] = UUID.nameUUIDFromBytes((kind + i).getBytes(StandardCharsets.UTF_8)).toString();
        }
        return out;
    }

    /** An event of an ad. */
    public static final class AdEvent {
        public String user, page, ad, adType, eventType, ip;
        public long time;
    }

    private static final class Ads implements Maker<AdEvent> {
        private final AdEvent event = new AdEvent();

        @Override
        public AdEvent make(long n) {
            long s = seed(n);
            event.user = of(USERS, draw(s, 1));
            event.page = of(PAGES, draw(s, 2));
            event.ad = of(ADS, draw(s, 3));
            event.adType = of(AD_TYPES, draw(s, 4));
            event.eventType = of(EVENT_TYPES, draw(s, 5));
            event.ip = "1.2.3.4";
            event.time = Nexmark.millis(n);
            return event;
        }

        private static String of(String[] words, long d) {
            return words[(int) below(d, words.length)];
        }
    }

    /** Looks the campaign of an ad up; the pair is used again. */
    private static final class Campaigns extends RichMapFunction<AdEvent, Tuple2<String, Long>> {
        private final Tuple2<String, Long> out = Tuple2.of("", 1L);
        private transient Map<String, String> campaigns;

        @Override
        public void open(OpenContext c) {
            campaigns = new HashMap<>();
            for (int i = 0; i < ADS.length; i++) {
                campaigns.put(ADS[i], CAMPAIGN[i / ADS_PER]);
            }
        }

        @Override
        public Tuple2<String, Long> map(AdEvent e) {
            out.f0 = campaigns.get(e.ad);
            return out;
        }
    }

    private static final class Count implements AggregateFunction<Tuple2<String, Long>, Long, Long> {
        @Override public Long createAccumulator() { return 0L; }
        @Override public Long add(Tuple2<String, Long> row, Long n) { return n + 1; }
        @Override public Long getResult(Long n) { return n; }
        @Override public Long merge(Long a, Long b) { return a + b; }
    }

    private static final class WithWindow implements WindowFunction<Long, Tuple3<String, Long, Long>, String, TimeWindow> {
        @Override
        public void apply(String campaign, TimeWindow w, Iterable<Long> counts, Collector<Tuple3<String, Long, Long>> out) {
            out.collect(Tuple3.of(campaign, counts.iterator().next(), w.getStart()));
        }
    }

    static DataStream<Tuple3<String, Long, Long>> job(StreamExecutionEnvironment env, long events) {
        Maker.Factory<AdEvent> makers = Ads::new;
        return env.fromSource(new EventSource<>(makers, events, TypeInformation.of(AdEvent.class)),
                        WatermarkStrategy.<AdEvent>forBoundedOutOfOrderness(Duration.ofSeconds(4)), "events")
                .filter(e -> e.eventType.equals("view"))
                .map(new Campaigns())
                .keyBy(t -> t.f0, Types.STRING)
                .window(TumblingEventTimeWindows.of(Duration.ofSeconds(10)))
                .aggregate(new Count(), new WithWindow(), Types.LONG, Types.TUPLE(Types.STRING, Types.LONG, Types.LONG));
    }
}
