//! Tables of any number of rows: orders of a shop, as CSV, JSON, Parquet and workbooks.
//!
//! Rows are written one by one; of Parquet a row group is held.

use std::io::{self, Write};

mod day;
mod order;
mod parquet;
mod text;
mod xlsx;

pub use order::{Order, Orders};
pub use xlsx::MOST_ROWS as MOST_ROWS_OF_A_SHEET;

/// How large a table is, and which one of that size.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct TableSize {
    /// Rows
    #[arg(long, default_value_t = 100_000)]
    pub rows: u64,

    /// The number of the first order, its key; others count on from it
    #[arg(long, default_value_t = 1)]
    pub first: u64,

    /// Another seed gives other orders with the same keys
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Every so-manieth order is another than it is without this; 0: none
    #[arg(long, default_value_t = 0)]
    pub changed: u64,
}

/// What a table is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum TableFormat {
    /// CSV with a header
    Csv,
    /// An object a line
    Jsonl,
    /// An array of objects
    Json,
    /// Parquet, pages packed with Snappy
    ParquetSnappy,
    /// Parquet, pages packed with Zstandard
    ParquetZstd,
    /// A workbook of one sheet
    Xlsx,
}

/// The columns of a table, as a dataset has them: name and type.
pub const TABLE_COLUMNS: [(&str, &str); 10] = [
    ("id", "bigint"),
    ("customer", "text"),
    ("country", "text"),
    ("product", "text"),
    ("quantity", "bigint"),
    ("price", "numeric"),
    ("discount", "float8"),
    ("ordered_on", "date"),
    ("shipped_at", "timestamptz"),
    ("note", "text"),
];

impl TableFormat {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Jsonl => "JSON Lines",
            Self::Json => "JSON",
            Self::ParquetSnappy => "Parquet (Snappy)",
            Self::ParquetZstd => "Parquet (Zstandard)",
            Self::Xlsx => "XLSX",
        }
    }

    /// What the names of such files end in.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Json => "json",
            Self::ParquetSnappy | Self::ParquetZstd => "parquet",
            Self::Xlsx => "xlsx",
        }
    }

    /// Writes a table.
    pub fn write(self, size: TableSize, out: &mut (impl Write + Send)) -> io::Result<()> {
        let orders = Orders::new(size);
        match self {
            Self::Csv => text::csv(orders, out),
            Self::Jsonl => text::json_lines(orders, out),
            Self::Json => text::json_array(orders, out),
            Self::ParquetSnappy => parquet::write(orders, parquet::snappy(), out),
            Self::ParquetZstd => parquet::write(orders, parquet::zstd(), out),
            Self::Xlsx => xlsx::write(orders, out),
        }
    }
}

#[cfg(test)]
mod tests;
