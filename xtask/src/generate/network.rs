//! The machines of the made-up company: the same ones in the reports of every scanner.

/// The address of a machine.
pub(super) fn address(host: usize) -> String {
    format!("10.{}.{}.{}", (host / 62_500) % 250, (host / 250) % 250, host % 250 + 1)
}

/// Its DNS name.
pub(super) fn name(host: usize) -> String {
    format!("{}-{host:05}.corp.example", ["ws", "srv", "db", "app"][host % 4])
}

/// The address of its network card.
pub(super) fn mac_address(host: usize) -> String {
    let [a, b, c, d] = u32::try_from(host).unwrap_or(u32::MAX).to_be_bytes();
    format!("02:00:{a:02X}:{b:02X}:{c:02X}:{d:02X}")
}
