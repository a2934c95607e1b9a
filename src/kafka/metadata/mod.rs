//! The cluster's metadata as brokers, controllers and coordinators read it (`MetadataImage`).

mod image;

pub use image::{
    BrokerImage, ControllerImage, MetadataDelta, MetadataImage, PartitionImage, TopicImage,
};
