//! Orders of a shop, drawn one after the other.

use super::TableSize;
use super::day::{Day, Instant, SECONDS_OF_A_DAY};
use crate::dice::Dice;

/// A row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Order {
    /// The key.
    pub id: i64,
    /// Who ordered.
    pub customer: String,
    /// Code of the country, of two letters.
    pub country: &'static str,
    /// What was ordered.
    pub product: String,
    /// How many.
    pub quantity: i64,
    /// The price of all, in hundredths.
    pub cents: i64,
    /// The part of it that is taken off, in hundredths.
    pub discount: Option<u32>,
    ordered_at: i64,
    shipped_after: Option<i64>,
    /// What was said of it.
    pub note: Option<String>,
}

impl Order {
    pub(super) fn ordered_on(&self) -> Day {
        Instant(self.ordered_at).day()
    }

    pub(super) fn shipped_at(&self) -> Option<Instant> {
        self.shipped_after.map(|after| Instant(self.ordered_at + after))
    }

    /// The price, written with its point.
    pub(super) fn price(&self) -> Hundredths {
        Hundredths(self.cents)
    }
}

/// A number of hundredths, not below 0, written with its point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hundredths(i64);

impl From<u32> for Hundredths {
    fn from(number: u32) -> Self {
        Self(number.into())
    }
}

impl std::fmt::Display for Hundredths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

const FIRST_NAMES: [&str; 16] = [
    "Anna",
    "Björn",
    "Carmen",
    "David",
    "Elena",
    "François",
    "Greta",
    "Hugo",
    "Inés",
    "Jonas",
    "Katarzyna",
    "Luca",
    "Mary",
    "Nikolaos",
    "Olga",
    "Peter",
];
const LAST_NAMES: [&str; 16] = [
    "Andersson",
    "Brown",
    "García López",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Gruber",
    "Horváth",
    "Ivanova",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "Müller",
    "Novák",
    "O'Brien",
    "Papadopoulos",
];
/// As often as they are here.
const COUNTRIES: [&str; 16] = ["DE", "DE", "DE", "ES", "ES", "FR", "FR", "IT", "NL", "AT", "SE", "PL", "PT", "GR", "IE", "US"];
const KINDS: [&str; 12] =
    ["Steel", "Oak", "Cotton", "Glass", "Ceramic", "Bamboo", "Leather", "Wool", "Copper", "Folding", "Cordless", "Waterproof"];
const THINGS: [&str; 16] = [
    "bottle",
    "desk lamp",
    "shelf",
    "tea pot",
    "blanket",
    "chair",
    "notebook",
    "backpack",
    "kettle",
    "rain coat",
    "cutting board",
    "drill",
    "tent",
    "mirror",
    "plant pot",
    "door mat",
];
const VARIANTS: [&str; 8] = ["S", "M", "L", "XL", "0.75 l", "120 cm", "set of 4", "2024"];
const NOTES: [&str; 12] = [
    "Leave at the back door",
    "Call before the delivery",
    "Gift, please leave out the invoice",
    "Neighbour takes it, second floor",
    "Not before 6 pm",
    "Second attempt after the first parcel was lost",
    "The customer asks for a paper invoice",
    "Deliver with the other order of this week",
    "Paid by bank transfer",
    "Fragile",
    "Colour as in the shop window, not as in the picture",
    "Returns accepted until the end of the month",
];
/// What files have trouble with.
const ROUGH_NOTES: [&str; 6] = [
    "Engrave \"For ever, A. & B.\" on it",
    "Door code: 12;34\nThen ring twice",
    "5\" wider than ordered, swap it",
    "First line\r\nsecond line, with a comma",
    "C:\\orders\\new, as agreed",
    "<ask> for \"Maria\"\tat the desk",
];

/// 2015-01-01 00:00 UTC, when the first order came in.
const BEGIN: i64 = 1_420_070_400;
/// Seconds from an order to the next.
const EVERY: i64 = 4;
const MOST_DAYS_TO_SHIP: u32 = 7;

/// Percentages.
const WITH_DISCOUNT: u32 = 60;
const SHIPPED: u32 = 95;
const WITH_NOTE: u32 = 90;
const WITH_TWO: u32 = 85;
const WITH_ROUGH_NOTE: u32 = 3;

/// The orders of a table, one after the other.
#[derive(Debug)]
pub struct Orders {
    size: TableSize,
    dice: Dice,
    drawn: u64,
    order: Order,
}

impl Orders {
    /// Those of a table.
    pub fn new(size: TableSize) -> Self {
        Self { size, dice: Dice::new(size.seed), drawn: 0, order: Order::default() }
    }

    /// How many there are in all.
    pub fn rows(&self) -> u64 {
        self.size.rows
    }

    /// The next one.
    #[expect(clippy::should_implement_trait, reason = "it lends the order, whose texts are used again")]
    pub fn next(&mut self) -> Option<&Order> {
        if self.drawn == self.size.rows {
            return None;
        }
        self.draw(i64::try_from(self.size.first + self.drawn).unwrap_or(i64::MAX));
        self.drawn += 1;
        if self.size.changed > 0 && self.drawn.is_multiple_of(self.size.changed) {
            self.change();
        }
        Some(&self.order)
    }

    fn draw(&mut self, id: i64) {
        let Self { dice, order, .. } = self;
        order.id = id;
        order.customer.clear();
        order.product.clear();
        push_words(&mut order.customer, [dice.pick(&FIRST_NAMES), dice.pick(&LAST_NAMES)]);
        order.country = COUNTRIES[dice.below(16) as usize];
        push_words(&mut order.product, [dice.pick(&KINDS), dice.pick(&THINGS), dice.pick(&VARIANTS)]);
        order.quantity = if dice.percent(80) { i64::from(dice.between(1, 5)) } else { i64::from(dice.between(5, 500)) };
        order.cents = order.quantity * i64::from(dice.between(199, 25_000));
        order.discount = dice.percent(WITH_DISCOUNT).then(|| dice.below(7) * 5);
        order.ordered_at = BEGIN.saturating_add(id.saturating_mul(EVERY));
        order.shipped_after = dice.percent(SHIPPED).then(|| {
            let days = i64::from(dice.below(MOST_DAYS_TO_SHIP)) * SECONDS_OF_A_DAY;
            days + i64::from(dice.below(86_400))
        });
        let note = dice.percent(WITH_NOTE).then(|| order.note.take().unwrap_or_default());
        order.note = note.map(|mut note| {
            note.clear();
            note.push_str(dice.pick(&NOTES));
            if dice.percent(WITH_TWO) {
                note.push_str("; ");
                note.push_str(dice.pick(&NOTES));
            }
            if dice.percent(WITH_ROUGH_NOTE) {
                note.push_str(". ");
                note.push_str(dice.pick(&ROUGH_NOTES));
            }
            note
        });
    }

    /// Makes another of the order, with the same key.
    fn change(&mut self) {
        self.order.quantity += 1;
        self.order.cents += 1_000;
        self.order.note.get_or_insert_default().push_str(" (changed)");
    }
}

fn push_words<const N: usize>(text: &mut String, words: [&str; N]) {
    for word in words {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
}
