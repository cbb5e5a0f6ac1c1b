//! Generated host bindings of Spin's interfaces. `build.rs` finds the WIT files.

#![allow(missing_docs, unreachable_pub, clippy::pedantic, reason = "generated code")]

include!(concat!(env!("OUT_DIR"), "/wit.rs"));

bindgen_with_wit! {
    world: "local:runtime/host",
    imports: {
        "fermyon:spin/variables.get": trappable,
        "spin:variables/variables.get": store | trappable,
        "spin:postgres/postgres.[static]connection.open": async | trappable,
        "spin:postgres/postgres.[static]connection.open-async": store | trappable,
        "spin:postgres/postgres.[method]connection.query": async | trappable,
        "spin:postgres/postgres.[method]connection.query-async": store | trappable,
        "spin:postgres/postgres.[method]connection.execute": async | trappable,
        "spin:postgres/postgres.[method]connection.execute-async": store | trappable,
        "spin:postgres/postgres.[method]connection-builder.build": async | trappable,
        "spin:postgres/postgres.[method]connection-builder.build-async": store | trappable,
        default: trappable,
    },
    with: {
        "spin:postgres/postgres.connection": crate::postgres::Connection,
        "spin:postgres/postgres.connection-builder": crate::postgres::ConnectionBuilder,
    },
    require_store_data_send: true,
}

/// The cron trigger's world: a synchronous export.
pub mod cron {
    bindgen_with_wit! {
        world: "fermyon:spin-cron/spin-cron",
        exports: { default: async },
        require_store_data_send: true,
    }
}
