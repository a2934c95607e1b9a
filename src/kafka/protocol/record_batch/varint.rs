//! Kafka's variable-length integers (`ByteUtils`): seven bits a byte, least significant first;
//! signed ones are zig-zag encoded.

use bytes::{Buf, BufMut};

/// Writes an unsigned number.
pub(in crate::kafka::protocol) fn put_unsigned(out: &mut impl BufMut, mut value: u64) {
    while value >= 0x80 {
        out.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// Writes a signed number, zig-zag; the same bytes for a varint and a varlong.
pub(in crate::kafka::protocol) fn put_signed(out: &mut impl BufMut, value: i64) {
    put_unsigned(out, zigzag(value));
}

/// How many bytes [`put_unsigned`] writes.
pub(in crate::kafka::protocol) fn unsigned_len(value: u64) -> usize {
    let bits = 64 - value.leading_zeros() as usize;
    bits.div_ceil(7).max(1)
}

/// How many bytes [`put_signed`] writes.
pub(in crate::kafka::protocol) fn signed_len(value: i64) -> usize {
    unsigned_len(zigzag(value))
}

/// Reads an unsigned 32-bit number; none if the bytes end or five bytes do not end it.
pub(in crate::kafka::protocol) fn take_unsigned(input: &mut impl Buf) -> Option<u32> {
    take(input, 5).map(|value| value as u32)
}

/// Reads a zig-zag 32-bit number.
pub(in crate::kafka::protocol) fn take_int(input: &mut impl Buf) -> Option<i32> {
    let value = take_unsigned(input)?;
    Some((value >> 1) as i32 ^ -((value & 1) as i32))
}

/// Reads a zig-zag 64-bit number.
pub(in crate::kafka::protocol) fn take_long(input: &mut impl Buf) -> Option<i64> {
    let value = take(input, 10)?;
    Some((value >> 1) as i64 ^ -((value & 1) as i64))
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn take(input: &mut impl Buf, most: u32) -> Option<u64> {
    let mut value = 0;
    for index in 0..most {
        if !input.has_remaining() {
            return None;
        }
        let byte = input.get_u8();
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
