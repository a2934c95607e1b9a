//! The replica room.
