package io.riffle.bench;

import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.MapData;
import org.apache.flink.table.data.RawValueData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.types.RowKind;
import org.apache.flink.types.variant.Variant;

/** A row that knows the number of its event only; a subclass computes the fields that are asked for. */
abstract class LazyRow implements RowData {
    private final int arity;
    private RowKind kind = RowKind.INSERT;
    long n;

    LazyRow(int arity) {
        this.arity = arity;
    }

    private static UnsupportedOperationException noSuch(int field) {
        return new UnsupportedOperationException("field " + field + " has another type");
    }

    @Override public int getArity() { return arity; }
    @Override public RowKind getRowKind() { return kind; }
    @Override public void setRowKind(RowKind k) { kind = k; }
    @Override public boolean isNullAt(int i) { return false; }
    @Override public boolean getBoolean(int i) { throw noSuch(i); }
    @Override public byte getByte(int i) { throw noSuch(i); }
    @Override public short getShort(int i) { throw noSuch(i); }
    @Override public int getInt(int i) { throw noSuch(i); }
    @Override public long getLong(int i) { throw noSuch(i); }
    @Override public float getFloat(int i) { throw noSuch(i); }
    @Override public double getDouble(int i) { throw noSuch(i); }
    @Override public StringData getString(int i) { throw noSuch(i); }
    @Override public DecimalData getDecimal(int i, int precision, int scale) { throw noSuch(i); }
    @Override public TimestampData getTimestamp(int i, int precision) { throw noSuch(i); }
    @Override public <T> RawValueData<T> getRawValue(int i) { throw noSuch(i); }
    @Override public byte[] getBinary(int i) { throw noSuch(i); }
    @Override public ArrayData getArray(int i) { throw noSuch(i); }
    @Override public MapData getMap(int i) { throw noSuch(i); }
    @Override public RowData getRow(int i, int fields) { throw noSuch(i); }
    @Override public Variant getVariant(int i) { throw noSuch(i); }
}
