//! The hashes that choose a partition for a key, as each client family computes them.

/// The Java client's murmur2 (`Utils.murmur2`), signed as Java has it.
pub fn murmur2(data: &[u8]) -> i32 {
    const M: u32 = 0x5bd1_e995;
    const SEED: u32 = 0x9747_b28c;
    let mut h = SEED ^ data.len() as u32;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k ^= k >> 24;
        h = h.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let tail = words.remainder();
    if !tail.is_empty() {
        for (index, byte) in tail.iter().enumerate() {
            h ^= u32::from(*byte) << (8 * index);
        }
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    (h ^ (h >> 15)) as i32
}

/// CRC-32 (IEEE 802.3), which librdkafka's `consistent` partitioner uses.
pub fn crc32(data: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| CRC_TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8);
    !data.iter().fold(u32::MAX, step)
}

const CRC_TABLE: [u32; 256] = crc_table();

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 0 {
                value >> 1
            } else {
                (value >> 1) ^ 0xedb8_8320
            };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}

/// FNV-1a of 32 bits.
pub fn fnv1a32(data: &[u8]) -> u32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    data.iter().fold(0x811c_9dc5, step)
}

/// Java's built-in partitioner, and librdkafka's `murmur2`: `toPositive(murmur2) % n`.
///
/// `partitions` must be at least 1, here and below; 0 counts as 1.
pub fn java_partition(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) as u32 & 0x7fff_ffff) % partitions.max(1)
}

/// librdkafka's `consistent` (the default for messages with a key): `crc32 % n`.
pub fn librdkafka_consistent(key: &[u8], partitions: u32) -> u32 {
    crc32(key) % partitions.max(1)
}

/// librdkafka's `fnv1a`: the absolute value of the signed remainder.
pub fn librdkafka_fnv1a(key: &[u8], partitions: u32) -> u32 {
    absolute_remainder(fnv1a32(key), partitions)
}

/// sarama's `NewHashPartitioner`: `|int32(fnv1a32) % n|`.
pub fn sarama_hash(key: &[u8], partitions: u32) -> u32 {
    absolute_remainder(fnv1a32(key), partitions)
}

/// sarama's `NewReferenceHashPartitioner`: `(fnv1a32 & 0x7fffffff) % n`.
pub fn sarama_reference(key: &[u8], partitions: u32) -> u32 {
    (fnv1a32(key) & 0x7fff_ffff) % partitions.max(1)
}

fn absolute_remainder(hash: u32, partitions: u32) -> u32 {
    (hash as i32).unsigned_abs() % partitions.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn unhex(text: &str) -> Vec<u8> {
        let digits = (0..text.len()).step_by(2).map(|at| &text[at..at + 2]);
        digits
            .map(|pair| u8::from_str_radix(pair, 16).unwrap())
            .collect()
    }

    /// `tests/data/murmur2.csv`: the Java client of Kafka 4.3.1.
    #[test]
    fn murmur2_equals_the_java_client() {
        let text = include_str!("../../../tests/data/murmur2.csv");
        let mut rows = 0;
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let key = unhex(fields[0]);
            assert_eq!(key.len().to_string(), fields[1], "{line}");
            assert_eq!(murmur2(&key).to_string(), fields[2], "{line}");
            for (field, partitions) in [(4, 1), (5, 3), (6, 7), (7, 12), (8, 50)] {
                let partition = java_partition(&key, partitions);
                assert_eq!(partition.to_string(), fields[field], "{line}: {partitions}");
            }
            rows += 1;
        }
        assert_eq!(rows, 134);
    }

    /// `tests/data/partitioners.json`: librdkafka 2.16.0 and sarama 1.61.1.
    #[test]
    fn partitioners_equal_librdkafka_and_sarama() {
        let text = include_str!("../../../tests/data/partitioners.json");
        let document: Value = serde_json::from_str(text).unwrap();
        let cases = document["cases"].as_array().unwrap();
        for case in cases {
            let key = unhex(case["key"].as_str().unwrap());
            let partitions = case["n"].as_u64().unwrap() as u32;
            for (name, partition) in [
                (
                    "librdkafka_consistent",
                    librdkafka_consistent(&key, partitions),
                ),
                ("librdkafka_murmur2", java_partition(&key, partitions)),
                ("librdkafka_fnv1a", librdkafka_fnv1a(&key, partitions)),
                ("sarama_hash", sarama_hash(&key, partitions)),
                ("sarama_reference", sarama_reference(&key, partitions)),
            ] {
                assert_eq!(case[name], partition, "{name} {case}");
            }
        }
        assert!(cases.len() > 100);
    }

    #[test]
    fn no_partition_is_no_division_by_zero() {
        assert_eq!((java_partition(b"k", 0), sarama_hash(b"k", 0)), (0, 0));
    }
}
