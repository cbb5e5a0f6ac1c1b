//! The formats, as the build script wrote them.

#![expect(clippy::unreadable_literal, reason = "versions are hashes")]
#![allow(clippy::enum_glob_use, reason = "tables print variants by their names alone")]

use tokens::json::Shape;

use super::Parser;
use super::described::table::{
    Act, Alternative, Assets, Class, Condition, Detect, Expr, LineFacts, LineRule, List, Node, Package, Part, Path, Pattern, Piece, Places,
    Reading, Record, Scores, Severities, Slot, Source, Start, Step, Syntax, Table, Transform, Word,
};
use crate::kinds::{AssetKind, FindingKind, Severity, Status};

use {Act::*, Class::*, Part::*, Piece::*, Source::*, Start::*, Step::*, Syntax::*, Transform::*};

include!(concat!(env!("OUT_DIR"), "/formats.rs"));
