//! One record of a batch (`DefaultRecord`): reading it out of a batch's bytes and writing it.

use super::BatchError;
use super::varint::{put_signed, signed_len, take_int, take_long};
use bytes::{Buf, BufMut, Bytes};

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Record {
    /// Its offset in the partition.
    pub offset: i64,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// The key, if any.
    pub key: Option<Bytes>,
    /// The value; none is a tombstone.
    pub value: Option<Bytes>,
    /// Headers in order; names may repeat.
    pub headers: Vec<(String, Option<Bytes>)>,
}

impl Record {
    /// The bytes it takes in a batch, its length field included, when it stands so far from the
    /// batch's base offset and base timestamp.
    pub fn size_in_batch(&self, offset_delta: i32, timestamp_delta: i64) -> usize {
        let body = self.body_size(offset_delta, timestamp_delta);
        signed_len(body as i64) + body
    }

    fn body_size(&self, offset_delta: i32, timestamp_delta: i64) -> usize {
        let headers: usize = self
            .headers
            .iter()
            .map(|(name, value)| signed_len(name.len() as i64) + name.len() + field_size(value))
            .sum();
        1 + signed_len(timestamp_delta)
            + signed_len(i64::from(offset_delta))
            + field_size(&self.key)
            + field_size(&self.value)
            + signed_len(self.headers.len() as i64)
            + headers
    }

    pub(super) fn write(&self, out: &mut impl BufMut, offset_delta: i32, timestamp_delta: i64) {
        put_signed(out, self.body_size(offset_delta, timestamp_delta) as i64);
        out.put_u8(0);
        put_signed(out, timestamp_delta);
        put_signed(out, i64::from(offset_delta));
        put_field(out, self.key.as_deref());
        put_field(out, self.value.as_deref());
        put_signed(out, self.headers.len() as i64);
        for (name, value) in &self.headers {
            put_field(out, Some(name.as_bytes()));
            put_field(out, value.as_deref());
        }
    }
}

/// What the header of a batch adds to each of its records.
pub(super) struct Bases {
    pub(super) offset: i64,
    pub(super) timestamp: i64,
    /// The timestamp of every record of a batch with LogAppendTime.
    pub(super) log_append_time: Option<i64>,
}

/// Takes the next record off `input`; keys and values are slices of it.
pub(super) fn take_record(input: &mut Bytes, bases: &Bases) -> Result<Record, BatchError> {
    let size = take_int(input).ok_or_else(premature_end)?;
    let size = usize::try_from(size).map_err(|_| structure())?;
    if input.remaining() < size {
        return Err(BatchError::Invalid(format!(
            "Invalid record size: expected {size} bytes in record payload, but instead the \
             buffer has only {} remaining bytes.",
            input.remaining()
        )));
    }
    let mut body = input.split_to(size);
    let record = take_body(&mut body, bases)?;
    if body.has_remaining() {
        return Err(BatchError::Invalid(format!(
            "Invalid record size: expected to read {size} bytes in record payload, but instead \
             read {}",
            size - body.remaining()
        )));
    }
    Ok(record)
}

fn take_body(body: &mut Bytes, bases: &Bases) -> Result<Record, BatchError> {
    if !body.has_remaining() {
        return Err(structure());
    }
    body.advance(1);
    let timestamp_delta = take_long(body).ok_or_else(structure)?;
    let offset_delta = take_int(body).ok_or_else(structure)?;
    let timestamp = bases.timestamp.wrapping_add(timestamp_delta);
    Ok(Record {
        offset: bases.offset.wrapping_add(i64::from(offset_delta)),
        timestamp: bases.log_append_time.unwrap_or(timestamp),
        key: take_field(body)?,
        value: take_field(body)?,
        headers: take_headers(body)?,
    })
}

fn take_headers(body: &mut Bytes) -> Result<Vec<(String, Option<Bytes>)>, BatchError> {
    let count = take_int(body).ok_or_else(structure)?;
    if count < 0 || count as usize > body.remaining() {
        return Err(BatchError::Invalid(format!(
            "Found invalid number of record headers {count}"
        )));
    }
    let mut headers = Vec::new();
    for _ in 0..count {
        let name = take_field(body)?
            .ok_or_else(|| BatchError::Invalid("Invalid negative header key size".into()))?;
        let value = take_field(body)?;
        headers.push((String::from_utf8_lossy(&name).into_owned(), value));
    }
    Ok(headers)
}

/// A field behind its length; any negative length is none, as in Kafka.
fn take_field(body: &mut Bytes) -> Result<Option<Bytes>, BatchError> {
    let length = take_int(body).ok_or_else(structure)?;
    let Ok(length) = usize::try_from(length) else {
        return Ok(None);
    };
    if length > body.remaining() {
        return Err(structure());
    }
    Ok(Some(body.split_to(length)))
}

fn put_field(out: &mut impl BufMut, field: Option<&[u8]>) {
    match field {
        Some(bytes) => {
            put_signed(out, bytes.len() as i64);
            out.put_slice(bytes);
        }
        None => put_signed(out, -1),
    }
}

fn field_size(field: &Option<Bytes>) -> usize {
    field
        .as_ref()
        .map_or(1, |bytes| signed_len(bytes.len() as i64) + bytes.len())
}

fn structure() -> BatchError {
    BatchError::Invalid("Found invalid record structure".into())
}

fn premature_end() -> BatchError {
    BatchError::Invalid("Incorrect declared batch size, premature EOF reached".into())
}
