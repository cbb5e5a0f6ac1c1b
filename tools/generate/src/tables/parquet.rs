//! Tables as Parquet: row groups of [`GROUP`] rows, of which one is held.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::order::{Order, Orders};

/// Rows of a row group.
const GROUP: usize = 100_000;

/// Bytes of a page, before it is packed.
const PAGE: usize = 1024 * 1024;

const MICROSECONDS: i64 = 1_000_000;

const SCHEMA: &str = "message orders {
    required int64 id; required binary customer (STRING); required binary country (STRING); required binary product (STRING); required int64 quantity;
    required int64 price (DECIMAL(12,2)); optional double discount; required int32 ordered_on (DATE); optional int64 shipped_at (TIMESTAMP(MICROS,true));
    optional binary note (STRING); }";

pub(super) fn snappy() -> Compression {
    Compression::SNAPPY
}

pub(super) fn zstd() -> Compression {
    Compression::ZSTD(ZstdLevel::default())
}

/// Writes a file whose pages are packed so.
pub(super) fn write(orders: Orders, compression: Compression, out: &mut (impl Write + Send)) -> io::Result<()> {
    write_groups(orders, compression, out).map_err(io_error)
}

fn write_groups(mut orders: Orders, compression: Compression, out: &mut (impl Write + Send)) -> Result<()> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let properties = WriterProperties::builder().set_compression(compression).set_data_page_size_limit(PAGE);
    let mut file = SerializedFileWriter::new(out, schema, Arc::new(properties.build()))?;
    let mut columns = Columns::default();
    while let Some(order) = orders.next() {
        columns.push(order);
        if columns.id.len() == GROUP {
            std::mem::take(&mut columns).write(file.next_row_group()?)?;
        }
    }
    if !columns.id.is_empty() {
        columns.write(file.next_row_group()?)?;
    }
    file.close().map(drop)
}

fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}

/// Values that may be missing: those that are there, and for each row whether one is.
#[derive(Default)]
struct Optional<T> {
    values: Vec<T>,
    there: Vec<i16>,
}

impl<T> Optional<T> {
    fn push(&mut self, value: Option<T>) {
        self.there.push(value.is_some().into());
        self.values.extend(value);
    }
}

/// The rows of a row group.
#[derive(Default)]
struct Columns {
    id: Vec<i64>,
    customer: Vec<ByteArray>,
    country: Vec<ByteArray>,
    product: Vec<ByteArray>,
    quantity: Vec<i64>,
    price: Vec<i64>,
    discount: Optional<f64>,
    ordered_on: Vec<i32>,
    shipped_at: Optional<i64>,
    note: Optional<ByteArray>,
}

impl Columns {
    fn push(&mut self, order: &Order) {
        self.id.push(order.id);
        self.customer.push(order.customer.as_str().into());
        self.country.push(order.country.into());
        self.product.push(order.product.as_str().into());
        self.quantity.push(order.quantity);
        self.price.push(order.cents);
        self.discount.push(order.discount.map(|hundredths| f64::from(hundredths) / 100.0));
        self.ordered_on.push(order.ordered_on().0);
        self.shipped_at.push(order.shipped_at().map(|at| at.0 * MICROSECONDS));
        self.note.push(order.note.as_deref().map(ByteArray::from));
    }

    fn write<W: Write + Send>(self, mut group: SerializedRowGroupWriter<'_, W>) -> Result<()> {
        column::<Int64Type, _>(&mut group, &self.id, None)?;
        column::<ByteArrayType, _>(&mut group, &self.customer, None)?;
        column::<ByteArrayType, _>(&mut group, &self.country, None)?;
        column::<ByteArrayType, _>(&mut group, &self.product, None)?;
        column::<Int64Type, _>(&mut group, &self.quantity, None)?;
        column::<Int64Type, _>(&mut group, &self.price, None)?;
        column::<DoubleType, _>(&mut group, &self.discount.values, Some(&self.discount.there))?;
        column::<Int32Type, _>(&mut group, &self.ordered_on, None)?;
        column::<Int64Type, _>(&mut group, &self.shipped_at.values, Some(&self.shipped_at.there))?;
        column::<ByteArrayType, _>(&mut group, &self.note.values, Some(&self.note.there))?;
        group.close().map(drop)
    }
}

fn column<T: DataType, W: Write + Send>(group: &mut SerializedRowGroupWriter<'_, W>, values: &[T::T], there: Option<&[i16]>) -> Result<()> {
    let mut column = group.next_column()?.ok_or_else(|| ParquetError::General("the schema has fewer columns".to_owned()))?;
    column.typed::<T>().write_batch(values, there, None)?;
    column.close()
}
