//! The functions that guests call.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use futures::TryStreamExt;
use tokio_postgres::{RowStream, Statement};
use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

use super::errors::query_failed;
use super::pools::Target;
use super::rows::{self, ResultLimit, RowProducer};
use super::values::{Parameter, to_parameter};
use super::{Connection, ConnectionBuilder};
use crate::bindings::spin::postgres::postgres::{
    Column, Error, Host, HostConnection, HostConnectionBuilder, HostConnectionBuilderWithStore, HostConnectionWithStore, ParameterValue,
    Row, RowSet,
};
use crate::guest::{Component, Guest, SpinInterfaces};

type Client = Arc<deadpool_postgres::Object>;
type QueryParts = (Vec<Column>, StreamReader<Row>, FutureReader<Result<(), Error>>);

/// Opens a connection and gives the guest a handle to it.
async fn open(component: &Component, target: Target) -> Result<Connection, Error> {
    component.pools.open(target, &component.allowed_hosts).await
}

fn parameters(component: &Component, parameters: Vec<ParameterValue>) -> Result<Vec<Parameter>, Error> {
    parameters.into_iter().map(|value| to_parameter(value, component.tuned)).collect()
}

/// Prepared anew, as in Spin; where the runtime is tuned, once on each connection. Else a statement has two ways to the server, and what a guest computes
/// after the first is done before the second begins.
async fn prepare(component: &Component, client: &Client, statement: &str) -> Result<Statement, Error> {
    let prepared = if component.tuned { client.prepare_cached(statement).await } else { client.prepare(statement).await };
    prepared.map_err(|error| query_failed(&error))
}

async fn execute(component: &Component, client: &Client, statement: &str, values: Vec<ParameterValue>) -> Result<u64, Error> {
    let (values, statement) = (parameters(component, values)?, prepare(component, client, statement).await?);
    client.execute_raw(&statement, values).await.map_err(|error| query_failed(&error))
}

async fn start_query(component: &Component, client: &Client, statement: &str, values: Vec<ParameterValue>) -> Result<RowStream, Error> {
    let (values, statement) = (parameters(component, values)?, prepare(component, client, statement).await?);
    client.query_raw(&statement, values).await.map_err(|error| query_failed(&error))
}

async fn query(component: &Component, client: &Client, statement: &str, values: Vec<ParameterValue>) -> Result<RowSet, Error> {
    let mut stream = std::pin::pin!(start_query(component, client, statement, values).await?);
    let mut set = RowSet { columns: Vec::new(), rows: Vec::new() };
    let mut limit = ResultLimit::default();
    while let Some(row) = stream.try_next().await.map_err(|error| query_failed(&error))? {
        if set.columns.is_empty() {
            set.columns = rows::columns(&row);
        }
        limit.count_in_whole(&row)?;
        set.rows.push(rows::convert(&row, component.tuned)?);
    }
    Ok(set)
}

impl Guest {
    /// What a statement needs: who asks, and by which connection.
    fn statement(&self, connection: &Resource<Connection>) -> wasmtime::Result<(Arc<Component>, Client)> {
        self.component.metrics.statements.fetch_add(1, Relaxed);
        Ok((Arc::clone(&self.component), Arc::clone(&self.table.get(connection)?.client)))
    }

    fn keep(&mut self, opened: Result<Connection, Error>) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        match opened {
            Ok(connection) => Ok(Ok(self.table.push(connection)?)),
            Err(error) => {
                tracing::warn!("component {}: {error:?}", self.component.name);
                Ok(Err(error))
            }
        }
    }
}

impl Host for Guest {}

impl HostConnection for Guest {
    async fn open(&mut self, address: String) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let opened = open(&self.component, (address, None)).await;
        self.keep(opened)
    }

    async fn query(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        values: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<RowSet, Error>> {
        let (component, client) = self.statement(&connection)?;
        Ok(query(&component, &client, &statement, values).await)
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        values: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let (component, client) = self.statement(&connection)?;
        Ok(execute(&component, &client, &statement, values).await)
    }

    fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

impl HostConnectionWithStore<Guest> for SpinInterfaces {
    async fn open_async(store: &Accessor<Guest, Self>, address: String) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let component = store.with(|mut access| Arc::clone(&access.get().component));
        let opened = open(&component, (address, None)).await;
        store.with(|mut access| access.get().keep(opened))
    }

    async fn query_async(
        store: &Accessor<Guest, Self>,
        connection: Resource<Connection>,
        statement: String,
        values: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<QueryParts, Error>> {
        let (component, client) = store.with(|mut access| access.get().statement(&connection))?;
        let start = async {
            let stream = start_query(&component, &client, &statement, values).await?;
            rows::start(stream, Arc::clone(&client), component.tuned).await
        };
        let started = match start.await {
            Ok(started) => started,
            Err(error) => return Ok(Err(error)),
        };
        store.with(|mut access| {
            let rows = StreamReader::new(&mut access, RowProducer::new(started.rows))?;
            let result = FutureReader::new(&mut access, async move { wasmtime::error::Ok(started.result.await.unwrap_or(Ok(()))) })?;
            Ok(Ok((started.columns, rows, result)))
        })
    }

    async fn execute_async(
        store: &Accessor<Guest, Self>,
        connection: Resource<Connection>,
        statement: String,
        values: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let (component, client) = store.with(|mut access| access.get().statement(&connection))?;
        Ok(execute(&component, &client, &statement, values).await)
    }
}

impl HostConnectionBuilder for Guest {
    fn new(&mut self, address: String) -> wasmtime::Result<Resource<ConnectionBuilder>> {
        Ok(self.table.push(ConnectionBuilder { target: (address, None) })?)
    }

    fn set_ca_root(&mut self, builder: Resource<ConnectionBuilder>, certificate: String) -> wasmtime::Result<Result<(), Error>> {
        self.table.get_mut(&builder)?.target.1 = Some(certificate);
        Ok(Ok(()))
    }

    async fn build(&mut self, builder: Resource<ConnectionBuilder>) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let target = self.table.get(&builder)?.target.clone();
        let opened = open(&self.component, target).await;
        self.keep(opened)
    }

    fn drop(&mut self, builder: Resource<ConnectionBuilder>) -> wasmtime::Result<()> {
        self.table.delete(builder)?;
        Ok(())
    }
}

impl HostConnectionBuilderWithStore<Guest> for SpinInterfaces {
    async fn build_async(
        store: &Accessor<Guest, Self>,
        builder: Resource<ConnectionBuilder>,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let (component, target) = store.with(|mut access| {
            let guest = access.get();
            wasmtime::error::Ok((Arc::clone(&guest.component), guest.table.get(&builder)?.target.clone()))
        })?;
        let opened = open(&component, target).await;
        store.with(|mut access| access.get().keep(opened))
    }
}
