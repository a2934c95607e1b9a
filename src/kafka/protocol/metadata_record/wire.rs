//! Kafka's flexible encoding (KIP-482) as far as metadata records need it: compact strings and
//! arrays, tagged fields.

use crate::kafka::protocol::CodecError;
use crate::kafka::protocol::record_batch::varint;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use uuid::Uuid;

/// Writes fields in the order of a schema.
#[derive(Default)]
pub(super) struct Writer {
    out: BytesMut,
}

impl Writer {
    pub(super) fn finish(self) -> Bytes {
        self.out.freeze()
    }

    pub(super) fn unsigned(&mut self, value: u64) {
        varint::put_unsigned(&mut self.out, value);
    }

    pub(super) fn bool(&mut self, value: bool) {
        self.out.put_u8(u8::from(value));
    }

    pub(super) fn i8(&mut self, value: i8) {
        self.out.put_i8(value);
    }

    pub(super) fn i16(&mut self, value: i16) {
        self.out.put_i16(value);
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.out.put_u16(value);
    }

    pub(super) fn i32(&mut self, value: i32) {
        self.out.put_i32(value);
    }

    pub(super) fn i64(&mut self, value: i64) {
        self.out.put_i64(value);
    }

    pub(super) fn uuid(&mut self, value: Uuid) {
        self.out.put_slice(value.as_bytes());
    }

    pub(super) fn string(&mut self, value: &str) {
        self.unsigned(value.len() as u64 + 1);
        self.out.put_slice(value.as_bytes());
    }

    pub(super) fn nullable_string(&mut self, value: Option<&str>) {
        match value {
            Some(value) => self.string(value),
            None => self.unsigned(0),
        }
    }

    pub(super) fn array<T>(&mut self, items: &[T], mut put: impl FnMut(&mut Writer, &T)) {
        self.unsigned(items.len() as u64 + 1);
        items.iter().for_each(|item| put(self, item));
    }

    pub(super) fn i32s(&mut self, items: &[i32]) {
        self.array(items, |out, &item| out.i32(item));
    }

    pub(super) fn uuids(&mut self, items: &[Uuid]) {
        self.array(items, |out, &item| out.uuid(item));
    }

    /// Ends a struct with the tagged fields that differ from their defaults, in order of tags.
    pub(super) fn tagged(&mut self, fields: Tags) {
        self.unsigned(fields.0.len() as u64);
        for (tag, body) in fields.0 {
            self.unsigned(u64::from(tag));
            self.unsigned(body.len() as u64);
            self.out.put_slice(&body);
        }
    }
}

/// The tagged fields of a struct that is being written; add them in order of their tags.
#[derive(Default)]
pub(super) struct Tags(Vec<(u32, Bytes)>);

impl Tags {
    pub(super) fn add<T>(mut self, tag: u32, value: Option<T>, put: fn(&mut Writer, T)) -> Self {
        if let Some(value) = value {
            let mut body = Writer::default();
            put(&mut body, value);
            self.0.push((tag, body.finish()));
        }
        self
    }
}

/// Reads fields in the order of a schema; never allocates more than a multiple of what is left.
pub(super) struct Reader {
    input: Bytes,
}

impl Reader {
    pub(super) fn new(input: &Bytes) -> Self {
        Reader {
            input: input.clone(),
        }
    }

    /// An error if anything is left.
    pub(super) fn end(self) -> Result<(), CodecError> {
        match self.input.len() {
            0 => Ok(()),
            left => Err(CodecError(format!(
                "{left} bytes of garbage after the record"
            ))),
        }
    }

    fn take(&mut self, length: usize) -> Result<Bytes, CodecError> {
        if length > self.input.len() {
            return Err(CodecError("the record ends too early".into()));
        }
        Ok(self.input.split_to(length))
    }

    pub(super) fn unsigned(&mut self) -> Result<u32, CodecError> {
        varint::take_unsigned(&mut self.input)
            .ok_or_else(|| CodecError("bad varint in the record".into()))
    }

    pub(super) fn bool(&mut self) -> Result<bool, CodecError> {
        Ok(self.i8()? != 0)
    }

    pub(super) fn i8(&mut self) -> Result<i8, CodecError> {
        Ok(self.take(1)?.get_i8())
    }

    pub(super) fn i16(&mut self) -> Result<i16, CodecError> {
        Ok(self.take(2)?.get_i16())
    }

    pub(super) fn u16(&mut self) -> Result<u16, CodecError> {
        Ok(self.take(2)?.get_u16())
    }

    pub(super) fn i32(&mut self) -> Result<i32, CodecError> {
        Ok(self.take(4)?.get_i32())
    }

    pub(super) fn i64(&mut self) -> Result<i64, CodecError> {
        Ok(self.take(8)?.get_i64())
    }

    pub(super) fn uuid(&mut self) -> Result<Uuid, CodecError> {
        Ok(Uuid::from_u128(self.take(16)?.get_u128()))
    }

    pub(super) fn string(&mut self) -> Result<String, CodecError> {
        self.nullable_string()?.ok_or_else(null)
    }

    pub(super) fn nullable_string(&mut self) -> Result<Option<String>, CodecError> {
        match self.unsigned()? {
            0 => Ok(None),
            length => {
                let bytes = self.take(length as usize - 1)?;
                let text = std::str::from_utf8(&bytes);
                Ok(Some(
                    text.map_err(|e| CodecError(e.to_string()))?.to_owned(),
                ))
            }
        }
    }

    pub(super) fn array<T>(
        &mut self,
        item: fn(&mut Reader) -> Result<T, CodecError>,
    ) -> Result<Vec<T>, CodecError> {
        self.nullable_array(item)?.ok_or_else(null)
    }

    pub(super) fn nullable_array<T>(
        &mut self,
        item: fn(&mut Reader) -> Result<T, CodecError>,
    ) -> Result<Option<Vec<T>>, CodecError> {
        match self.unsigned()? {
            0 => Ok(None),
            // Every item takes at least a byte, so a count beyond what is left fails on the way.
            count => (1..count)
                .map(|_| item(self))
                .collect::<Result<Vec<T>, _>>()
                .map(Some),
        }
    }

    pub(super) fn i32s(&mut self) -> Result<Vec<i32>, CodecError> {
        self.array(Reader::i32)
    }

    pub(super) fn uuids(&mut self) -> Result<Vec<Uuid>, CodecError> {
        self.array(Reader::uuid)
    }

    /// The tagged fields at the end of a struct: `field` reads those it knows and says so.
    pub(super) fn tagged(
        &mut self,
        mut field: impl FnMut(u32, &mut Reader) -> Result<bool, CodecError>,
    ) -> Result<(), CodecError> {
        for _ in 0..self.unsigned()? {
            let tag = self.unsigned()?;
            let length = self.unsigned()? as usize;
            let mut body = Reader {
                input: self.take(length)?,
            };
            if field(tag, &mut body)? {
                body.end()?;
            }
        }
        Ok(())
    }

    /// The end of a struct without tagged fields that matter.
    pub(super) fn no_tagged(&mut self) -> Result<(), CodecError> {
        self.tagged(|_, _| Ok(false))
    }
}

fn null() -> CodecError {
    CodecError("null where the schema has none".into())
}
