//! The network_client room.
