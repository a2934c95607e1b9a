//! The World on toy nodes.

mod bench;
mod chaos;
mod connections;
mod history;
mod lifecycle;
mod links;
mod messages;
mod order;
mod service;
mod toy;
