//! Placeholder until the entry code lands.
#![no_std]
