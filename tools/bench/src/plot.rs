//! Bars of rows as SVG. Written by hand: what is needed is rectangles and words, which a plotting crate would bring axes, fonts and half a
//! dozen further crates for; and the words stay words that can be searched and read aloud.

use std::fmt::Write as _;

use crate::table::Row;

/// A plot: the rows of some subjects whose figures are of one unit.
pub(super) struct Plot {
    pub(super) file: &'static str,
    pub(super) title: &'static str,
    subjects: &'static [&'static str],
    unit: &'static str,
}

/// All plots of docs/performance.md.
pub(super) const PLOTS: [Plot; 5] = [
    Plot { file: "records.svg", title: "Records a second", subjects: &["floor", "naive", "drain"], unit: "records/s" },
    Plot { file: "drain.svg", title: "Where the time of a drain goes", subjects: &["drain"], unit: "%" },
    Plot { file: "parallel.svg", title: "Records a second of several drains", subjects: &["parallel"], unit: "records/s" },
    Plot {
        file: "latency.svg",
        title: "What people wait for, milliseconds",
        subjects: &["status", "upload", "latency", "host"],
        unit: "ms",
    },
    Plot { file: "growth.svg", title: "The same report into growing tables, seconds", subjects: &["growth"], unit: "s" },
];

/// Pixels.
const LETTER: usize = 7;
const BARS: usize = 320;
const VALUES: usize = 130;
const LINE: usize = 22;
const HEAD: usize = 40;

impl Plot {
    /// The picture, where there is something to show.
    pub(super) fn draw(&self, rows: &[Row]) -> Option<String> {
        let shown: Vec<&Row> = rows.iter().filter(|row| self.subjects.contains(&row.subject) && row.figure.unit == self.unit).collect();
        let most = shown.iter().map(|row| row.figure.value).fold(0.0, f64::max);
        if most <= 0.0 {
            return None;
        }
        let labels = shown.iter().map(|row| label(row).chars().count()).max().unwrap_or_default() * LETTER;
        let (width, height) = (labels + BARS + VALUES, HEAD + LINE * shown.len() + LINE / 2);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
             font-family=\"sans-serif\" font-size=\"12\">\n<title>{title}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
             <text x=\"12\" y=\"24\" font-size=\"16\" font-weight=\"bold\">{title}</text>\n",
            title = escaped(self.title),
        );
        for (place, row) in shown.iter().enumerate() {
            bar(&mut svg, (labels, HEAD + LINE * place), row, row.figure.value / most);
        }
        svg.push_str("</svg>\n");
        Some(svg)
    }
}

fn label(row: &Row) -> String {
    format!("{}: {}", row.subject, row.what)
}

/// One row: its words, its bar as a part of the longest, its number. The place is where the bar begins.
fn bar(svg: &mut String, (left, top): (usize, usize), row: &Row, part: f64) {
    let color = match row.subject {
        "floor" => "#7f8c8d",
        "naive" => "#c0392b",
        _ => "#2471a3",
    };
    let length = part * f64::from(u32::try_from(BARS).unwrap_or(u32::MAX));
    let _ = writeln!(
        svg,
        "<text x=\"{start}\" y=\"{base}\" text-anchor=\"end\">{words}</text>\
         <rect x=\"{left}\" y=\"{y}\" width=\"{length:.1}\" height=\"{height}\" fill=\"{color}\"/>\
         <text x=\"{end:.1}\" y=\"{base}\">{value}</text>",
        start = left.saturating_sub(8),
        base = top + 15,
        words = escaped(&label(row)),
        y = top + 3,
        height = LINE - 6,
        end = f64::from(u32::try_from(left + 6).unwrap_or(u32::MAX)) + length,
        value = escaped(&row.figure.to_string()),
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Figure;

    #[test]
    fn a_plot_shows_the_rows_of_its_subjects_and_unit() {
        let rows = [
            Row::new("growth", "a < b", Figure::new(2.0, "s")),
            Row::new("growth", "the rest", Figure::new(2.0, "%")),
            Row::new("drain", "another", Figure::new(4.0, "s")),
        ];
        let svg = PLOTS[4].draw(&rows).expect("one row is shown");
        assert!(svg.contains("growth: a &lt; b") && svg.contains("width=\"320.0\""), "{svg}");
        assert!(!svg.contains("another") && !svg.contains("the rest"), "{svg}");
        assert_eq!(PLOTS[2].draw(&rows), None);
    }
}
