package io.riffle.bench;

import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.ScanTableSource;
import org.apache.flink.table.connector.source.SourceProvider;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DynamicTableSourceFactory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.types.DataType;

import java.util.Set;

/** The connectors gen-events and gen-bids, sized by 'events'. */
public abstract class Tables implements DynamicTableSourceFactory {
    private static final ConfigOption<Long> EVENTS = ConfigOptions.key("events").longType().noDefaultValue();

    /** All events, the rows of their kinds nested. */
    public static final class Events extends Tables {
        @Override public String factoryIdentifier() { return "gen-events"; }
        @Override Maker.Factory<RowData> makers() { return Nexmark.Events::new; }
    }

    /** Bids alone. */
    public static final class Bids extends Tables {
        @Override public String factoryIdentifier() { return "gen-bids"; }
        @Override Maker.Factory<RowData> makers() { return Nexmark.Bids::new; }
    }

    abstract Maker.Factory<RowData> makers();

    @Override public Set<ConfigOption<?>> requiredOptions() { return Set.of(EVENTS); }
    @Override public Set<ConfigOption<?>> optionalOptions() { return Set.of(); }

    @Override
    public DynamicTableSource createDynamicTableSource(Context c) {
        FactoryUtil.TableFactoryHelper helper = FactoryUtil.createTableFactoryHelper(this, c);
        helper.validate();
        return new Scan(makers(), helper.getOptions().get(EVENTS), c.getPhysicalRowDataType());
    }

    private record Scan(Maker.Factory<RowData> makers, long events, DataType type) implements ScanTableSource {
        @Override public ChangelogMode getChangelogMode() { return ChangelogMode.insertOnly(); }
        @Override public DynamicTableSource copy() { return this; }
        @Override public String asSummaryString() { return "generated events"; }

        @Override
        public ScanRuntimeProvider getScanRuntimeProvider(ScanContext c) {
            TypeInformation<RowData> rows = c.createTypeInformation(type);
            return SourceProvider.of(new EventSource<>(makers, events, rows));
        }
    }
}
