//! The metadata room.
