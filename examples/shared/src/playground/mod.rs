//! Networks that learn to tell two classes of points in a plane, for the explorer. No window is needed: the tests run it
//! on every driver.

pub mod session;
pub mod sets;
pub mod settings;
pub mod stories;
