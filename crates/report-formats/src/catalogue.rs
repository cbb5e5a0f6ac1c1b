//! The tables of all formats as bytes.

use postcard::{Error, take_from_bytes};

use crate::table::{Reading, Table};

/// The tables of all formats. What tells the formats is there from the start; how one is read is only decoded when it is asked for, since
/// who reads reports reads those of few formats.
#[derive(Debug)]
pub struct Catalogue {
    tables: Box<[Table]>,
    /// The readings, one after the other, and where each ends.
    readings: &'static [u8],
    ends: Box<[u32]>,
}

impl Catalogue {
    /// The catalogue in bytes that [`pack`](Self::pack) gave.
    pub fn unpack(bytes: &'static [u8]) -> Result<Self, Error> {
        let ((tables, ends), readings) = take_from_bytes(bytes)?;
        Ok(Self { tables, readings, ends })
    }

    /// The tables, in the order in which they were packed.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// How reports of the format of that number are read; none where a module of its own reads them.
    pub fn reading(&self, number: usize) -> Result<Option<Reading>, Error> {
        let end = |number: usize| self.ends.get(number).map_or(0, |end| *end as usize);
        let start = number.checked_sub(1).map_or(0, end);
        let bytes = self.readings.get(start..end(number)).ok_or(Error::DeserializeUnexpectedEnd)?;
        postcard::from_bytes(bytes)
    }
}

#[cfg(feature = "compile")]
impl Catalogue {
    /// All tables as bytes. Names and aliases that do not tell which format is meant are an error.
    pub fn pack(formats: &[crate::Compiled]) -> Result<Vec<u8>, String> {
        let tables: Vec<&Table> = formats.iter().map(|format| &format.table).collect();
        let mut names: Vec<&str> = tables.iter().flat_map(|table| table.aliases.iter().chain([&table.name])).map(AsRef::as_ref).collect();
        names.sort_unstable();
        if let Some([name, ..]) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("{name} is the name or alias of two formats"));
        }
        let (mut readings, mut ends) = (Vec::new(), Vec::new());
        for format in formats {
            readings.append(&mut postcard::to_allocvec(&format.reading).map_err(|error| error.to_string())?);
            ends.push(u32::try_from(readings.len()).map_err(|error| error.to_string())?);
        }
        let mut bytes = postcard::to_allocvec(&(tables, ends)).map_err(|error| error.to_string())?;
        bytes.append(&mut readings);
        Ok(bytes)
    }
}
