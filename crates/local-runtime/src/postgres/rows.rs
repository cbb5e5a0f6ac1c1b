//! Query results: read from the connection by a task, handed to the guest as it asks for them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::TryStreamExt;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{Row as PgRow, RowStream};
use wasmtime::StoreContextMut;
use wasmtime::component::{Destination, StreamProducer, StreamResult, VecBuffer};

use super::errors::{query_failed, row_failed};
use super::values::{data_type, from_row};
use crate::bindings::spin::postgres::postgres::{Column, Error, Row};

/// Bytes of one row of a stream, or of a whole result that is not streamed; Spin's constant.
const RESULT_LIMIT: usize = 128 * 1024 * 1024;

/// Rows that wait between the connection and the guest.
const ROWS_AHEAD: usize = 64;

/// A query whose rows are on their way.
pub(super) struct Started {
    /// Empty when there is no row: Spin learns the columns from the first one, too.
    pub(super) columns: Vec<Column>,
    pub(super) rows: mpsc::Receiver<Row>,
    /// Whether all rows came; known at their end.
    pub(super) result: oneshot::Receiver<Result<(), Error>>,
}

/// Waits for the first row, and reads the others in a task of their own. The connection is in use until that ends.
pub(super) async fn start(stream: RowStream, client: Arc<deadpool_postgres::Object>, verbatim_json: bool) -> Result<Started, Error> {
    let mut stream = Box::pin(stream);
    let first = stream.try_next().await.map_err(|error| query_failed(&error))?;
    let (row_sender, rows) = mpsc::channel(ROWS_AHEAD);
    let (result_sender, result) = oneshot::channel();
    let columns = first.as_ref().map(columns).unwrap_or_default();
    tokio::spawn(async move {
        let outcome = forward(first, stream, row_sender, verbatim_json).await;
        drop(client);
        // The guest need not be interested.
        let _ = result_sender.send(outcome);
    });
    Ok(Started { columns, rows, result })
}

async fn forward(
    first: Option<PgRow>,
    mut stream: Pin<Box<RowStream>>,
    sender: mpsc::Sender<Row>,
    verbatim_json: bool,
) -> Result<(), Error> {
    let mut next = first;
    while let Some(row) = next {
        ResultLimit::default().count_in_whole(&row)?;
        if sender.send(convert(&row, verbatim_json)?).await.is_err() {
            return Ok(());
        }
        next = stream.try_next().await.map_err(|error| query_failed(&error))?;
    }
    Ok(())
}

/// The columns of a row.
pub(super) fn columns(row: &PgRow) -> Vec<Column> {
    row.columns().iter().map(|column| Column { name: column.name().to_owned(), data_type: data_type(column.type_()) }).collect()
}

/// A row as the guest sees it.
pub(super) fn convert(row: &PgRow, verbatim_json: bool) -> Result<Row, Error> {
    (0..row.len()).map(|index| from_row(row, index, verbatim_json)).collect()
}

/// Counts the bytes of a result.
#[derive(Default)]
pub(super) struct ResultLimit {
    bytes: usize,
}

impl ResultLimit {
    pub(super) fn count_in_whole(&mut self, row: &PgRow) -> Result<(), Error> {
        self.bytes += row.raw_size_bytes();
        if self.bytes > RESULT_LIMIT {
            return Err(row_failed(format!("query result exceeds limit of {RESULT_LIMIT} bytes")));
        }
        Ok(())
    }
}

/// Gives rows to the guest, as many at a time as there are.
pub(super) struct RowProducer(mpsc::Receiver<Row>);

impl RowProducer {
    pub(super) fn new(rows: mpsc::Receiver<Row>) -> Self {
        Self(rows)
    }
}

impl<D> StreamProducer<D> for RowProducer {
    type Item = Row;
    type Buffer = VecBuffer<Row>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _: StoreContextMut<'a, D>,
        mut destination: Destination<'a, Row, VecBuffer<Row>>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let mut rows = Vec::new();
        let received = self.0.poll_recv_many(cx, &mut rows, ROWS_AHEAD);
        if received.is_pending() && finish {
            return Poll::Ready(Ok(StreamResult::Cancelled));
        }
        if ready!(received) == 0 {
            return Poll::Ready(Ok(StreamResult::Dropped));
        }
        destination.set_buffer(rows.into());
        Poll::Ready(Ok(StreamResult::Completed))
    }
}
