//! Uuids as Kafka writes them: 22 characters of base64 with `-` and `_`, no padding
//! (`org.apache.kafka.common.Uuid`).

use uuid::Uuid;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// 128 bits in groups of six.
const CHARACTERS: u32 = 22;

/// `3UUOr-kZQd2CO_LilKpLbw`.
pub fn uuid_to_text(uuid: Uuid) -> String {
    let bits = uuid.as_u128();
    let sextet = |n: u32| match n {
        // The last character holds two bits, followed by four zeros.
        0 => (bits << 4) & 0x3f,
        n => (bits >> (6 * n - 4)) & 0x3f,
    };
    let characters = (0..CHARACTERS).rev();
    characters
        .map(|n| char::from(ALPHABET[sextet(n) as usize]))
        .collect()
}

/// The uuid of such a text; none if it is anything else.
pub fn uuid_from_text(text: &str) -> Option<Uuid> {
    if text.len() != CHARACTERS as usize {
        return None;
    }
    let (head, last) = text.as_bytes().split_at(CHARACTERS as usize - 1);
    let value = |byte: &u8| ALPHABET.iter().position(|letter| letter == byte);
    let mut bits = 0_u128;
    for byte in head {
        bits = bits << 6 | value(byte)? as u128;
    }
    let last = value(last.first()?)? as u128;
    Some(Uuid::from_u128(bits << 2 | last >> 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_the_ids_of_a_recorded_folder() {
        // partition.metadata and meta.properties of the recorded broker; 16 bytes by base64 -d.
        let topic = Uuid::from_u128(0xdd45_0eaf_e919_41dd_823b_f2e2_94aa_4b6f);
        assert_eq!(uuid_to_text(topic), "3UUOr-kZQd2CO_LilKpLbw");
        assert_eq!(uuid_from_text("3UUOr-kZQd2CO_LilKpLbw"), Some(topic));
        assert_eq!(uuid_to_text(Uuid::from_u128(1)), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(
            uuid_to_text(Uuid::from_u128(u128::MAX)),
            "_____________________w"
        );
    }

    #[test]
    fn refuses_other_texts() {
        for text in [
            "",
            "3UUOr-kZQd2CO_LilKpLb",
            "3UUOr+kZQd2CO/LilKpLbw",
            "3UUOr-kZQd2CO_LilKpLbw=",
        ] {
            assert_eq!(uuid_from_text(text), None, "{text}");
        }
    }
}
