//! The Ouro translator.
