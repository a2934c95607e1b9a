//! Faces: what a person or another program touches.

pub mod cli;
