//! Version 1 of the file's format: records without checksums, and a table of its own for the oldest revision. Only read, to convert it.

use redb::{Database, ReadableDatabase, TableDefinition};

use crate::{
    index::RecordId,
    log::{RECORDS, sealed},
    record::Record,
};

const FACTS: TableDefinition<&str, u64> = TableDefinition::new("facts");

/// The records in today's form, and the oldest revision that can be read.
pub(crate) type Converted = (Vec<(RecordId, Vec<u8>)>, u64);

/// Reads all of it, or says what is wrong with it.
pub(crate) fn read(db: &Database) -> Result<Result<Converted, &'static str>, redb::Error> {
    let txn = db.begin_read()?;
    let oldest = txn.open_table(FACTS)?.get("compacted")?.map_or(0, |v| v.value());
    let mut records = Vec::new();
    for item in txn.open_table(RECORDS)?.range::<RecordId>(..)? {
        let (id, bytes) = item?;
        match Record::decode(bytes.value()) {
            Ok(record) => records.push((id.value(), sealed(id.value(), &record))),
            Err(problem) => return Ok(Err(problem)),
        }
    }
    Ok(Ok((records, oldest)))
}

#[cfg(test)]
mod tests {
    use redb::Builder;

    use super::*;
    use crate::{
        disk::{Disk, Home},
        log::Log,
        options::Options,
    };

    #[test]
    fn a_file_of_the_first_version_is_converted() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(dir.path()).unwrap();
        let disk = Disk::create(&home.file(), &Options::default().medium).unwrap();
        disk.as_first_version();
        let db = Builder::new().create_with_backend(disk).unwrap();
        let txn = db.begin_write().unwrap();
        txn.open_table(FACTS).unwrap().insert("compacted", 2).unwrap();
        for (revision, value) in [(1, "kept"), (3, "new")] {
            let record = Record { created: 1, expires: 0, key: "/k", value: Some(value.as_bytes()) };
            let mut out = vec![0; record.len()];
            record.encode(&mut out);
            txn.open_table(RECORDS).unwrap().insert((revision, 0), &out[..]).unwrap();
        }
        txn.commit().unwrap();
        drop(db);
        for _ in 0..2 {
            let mut log = Log::open(&home, &Options::default()).unwrap();
            let (core, _) = log.load(0).unwrap();
            assert_eq!((core.revision, core.oldest), (3, 2));
            let entries = core.index.slice("", "", 2, 9, 9).entries;
            assert_eq!(&entries[0].value[..], b"kept");
            assert_eq!(&core.index.live("/k").unwrap().value[..], b"new");
        }
    }
}
