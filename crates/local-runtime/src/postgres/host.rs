//! The functions that guests call.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use futures::TryStreamExt;
use tokio_postgres::RowStream;
use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

use super::errors::query_failed;
use super::rows::{self, ResultLimit, RowProducer};
use super::values::to_parameter;
use super::{Connection, ConnectionBuilder};
use crate::bindings::spin::postgres::postgres::{
    Column, Error, Host, HostConnection, HostConnectionBuilder, HostConnectionBuilderWithStore, HostConnectionWithStore, ParameterValue,
    Row, RowSet,
};
use crate::guest::{Component, Guest, SpinInterfaces};

type Client = Arc<deadpool_postgres::Object>;
type QueryParts = (Vec<Column>, StreamReader<Row>, FutureReader<Result<(), Error>>);

/// Opens a connection and gives the guest a handle to it.
async fn open(component: &Component, address: &str) -> Result<Connection, Error> {
    component.pools.open(address, &component.allowed_hosts).await
}

async fn build(component: &Component, address: &str, wants_tls: bool) -> Result<Connection, Error> {
    if wants_tls {
        return Err(Error::ConnectionFailed(
            "a certificate authority was set, but local-runtime does not support TLS to PostgreSQL".to_owned(),
        ));
    }
    open(component, address).await
}

async fn execute(client: &Client, statement: &str, parameters: Vec<ParameterValue>) -> Result<u64, Error> {
    let values = parameters.into_iter().map(to_parameter).collect::<Result<Vec<_>, _>>()?;
    client.execute_raw(statement, values).await.map_err(|error| query_failed(&error))
}

async fn start_query(client: &Client, statement: &str, parameters: Vec<ParameterValue>) -> Result<RowStream, Error> {
    let values = parameters.into_iter().map(to_parameter).collect::<Result<Vec<_>, _>>()?;
    client.query_raw(statement, values).await.map_err(|error| query_failed(&error))
}

async fn query(client: &Client, statement: &str, parameters: Vec<ParameterValue>) -> Result<RowSet, Error> {
    let mut stream = std::pin::pin!(start_query(client, statement, parameters).await?);
    let mut set = RowSet { columns: Vec::new(), rows: Vec::new() };
    let mut limit = ResultLimit::default();
    while let Some(row) = stream.try_next().await.map_err(|error| query_failed(&error))? {
        if set.columns.is_empty() {
            set.columns = rows::columns(&row);
        }
        limit.count_in_whole(&row)?;
        set.rows.push(rows::convert(&row)?);
    }
    Ok(set)
}

impl Guest {
    fn connection(&self, connection: &Resource<Connection>) -> wasmtime::Result<Client> {
        self.component.metrics.statements.fetch_add(1, Relaxed);
        Ok(Arc::clone(&self.table.get(connection)?.client))
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
        let opened = open(&self.component, &address).await;
        self.keep(opened)
    }

    async fn query(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<RowSet, Error>> {
        let client = self.connection(&connection)?;
        Ok(query(&client, &statement, parameters).await)
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let client = self.connection(&connection)?;
        Ok(execute(&client, &statement, parameters).await)
    }

    fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

impl HostConnectionWithStore<Guest> for SpinInterfaces {
    async fn open_async(store: &Accessor<Guest, Self>, address: String) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let component = store.with(|mut access| Arc::clone(&access.get().component));
        let opened = open(&component, &address).await;
        store.with(|mut access| access.get().keep(opened))
    }

    async fn query_async(
        store: &Accessor<Guest, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<QueryParts, Error>> {
        let client = store.with(|mut access| access.get().connection(&connection))?;
        let stream = match start_query(&client, &statement, parameters).await {
            Ok(stream) => stream,
            Err(error) => return Ok(Err(error)),
        };
        let started = match rows::start(stream, client).await {
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
        parameters: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let client = store.with(|mut access| access.get().connection(&connection))?;
        Ok(execute(&client, &statement, parameters).await)
    }
}

impl HostConnectionBuilder for Guest {
    fn new(&mut self, address: String) -> wasmtime::Result<Resource<ConnectionBuilder>> {
        Ok(self.table.push(ConnectionBuilder { address, wants_tls: false })?)
    }

    fn set_ca_root(&mut self, builder: Resource<ConnectionBuilder>, _certificate: String) -> wasmtime::Result<Result<(), Error>> {
        self.table.get_mut(&builder)?.wants_tls = true;
        Ok(Ok(()))
    }

    async fn build(&mut self, builder: Resource<ConnectionBuilder>) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let ConnectionBuilder { address, wants_tls } = self.table.get(&builder)?;
        let opened = build(&self.component, address, *wants_tls).await;
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
        let (component, address, wants_tls) = store.with(|mut access| {
            let guest = access.get();
            let builder = guest.table.get(&builder)?;
            wasmtime::error::Ok((Arc::clone(&guest.component), builder.address.clone(), builder.wants_tls))
        })?;
        let opened = build(&component, &address, wants_tls).await;
        store.with(|mut access| access.get().keep(opened))
    }
}
