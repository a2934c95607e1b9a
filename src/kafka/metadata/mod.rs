//! The cluster's metadata as brokers, controllers and coordinators read it (`MetadataImage`).
//!
//! There is one way in: [`MetadataImage::replay`], record by record, the same on controllers and
//! brokers. There is one way out: [`MetadataImage::to_records`], for a snapshot.

mod digest;
mod image;
mod replay;
mod snapshot;
#[cfg(test)]
mod tests;

pub use image::{
    BrokerImage, ControllerImage, MetadataDelta, MetadataImage, PartitionImage, TOPIC_RESOURCE,
    TopicImage,
};
