//! Names, companies and prose, mostly Latin, some in other scripts.

use fake::locales::{AR_SA, DE_DE, Data, EN, FR_FR, JA_JP, TR_TR, ZH_CN};

use crate::draw::Draw;

const CITIES: &[&str] = &[
    "Aarhus",
    "Bordeaux",
    "Cork",
    "Dresden",
    "Evora",
    "Fukuoka",
    "Göteborg",
    "Hamburg",
    "İzmir",
    "Kraków",
    "Lisboa",
    "Málaga",
    "Novi Sad",
    "Oulu",
    "Plzeň",
    "Reykjavík",
    "São Paulo",
    "Tromsø",
    "Utrecht",
    "Vilnius",
    "Wrocław",
    "Zürich",
    "Αθήνα",
    "Київ",
    "القاهرة",
    "大阪",
    "上海",
    "서울",
];
const COMPANY_FORMS: &[&str] =
    &["Ltd", "GmbH", "SARL", "AB", "& Co", "& Sons", "Group", "Partners", "N.V.", "株式会社"];
const SUBJECTS: &[&str] = &[
    "Call back",
    "Contract renewal",
    "Delivery is late",
    "Demo",
    "Follow-up",
    "Invitation",
    "Invoice question",
    "New offer",
    "Price list",
    "Quarterly review",
    "Site visit",
    "Training",
];

/// First and last name of one person, from one language.
pub(crate) fn name(draw: &mut Draw) -> (&'static str, &'static str) {
    match draw.between(0, 99) {
        0..=3 => name_in::<DE_DE>(draw),
        4..=7 => name_in::<FR_FR>(draw),
        8..=10 => name_in::<TR_TR>(draw),
        11..=13 => name_in::<JA_JP>(draw),
        14..=16 => name_in::<ZH_CN>(draw),
        17..=19 => name_in::<AR_SA>(draw),
        _ => name_in::<EN>(draw),
    }
}

fn name_in<L: Data>(draw: &mut Draw) -> (&'static str, &'static str) {
    (draw.pick(L::NAME_FIRST_NAME), draw.pick(L::NAME_LAST_NAME))
}

/// First and last name in Latin letters without accents, fit for an address.
pub(crate) fn plain_name(draw: &mut Draw) -> (&'static str, &'static str) {
    name_in::<EN>(draw)
}

/// An address at a domain nobody owns; `number` makes it unlike its namesakes'.
pub(crate) fn email(draw: &mut Draw, number: usize) -> String {
    let (first, last) = plain_name(draw);
    let address = format!("{first}.{last}.{number}@example.com");
    address.to_ascii_lowercase().replace('\'', "")
}

/// The name of a company.
pub(crate) fn company(draw: &mut Draw) -> String {
    let (_, founder) = name(draw);
    if draw.percent(30) {
        let (_, partner) = name(draw);
        return format!("{founder}, {partner} {}", draw.pick(COMPANY_FORMS));
    }
    format!("{founder} {}", draw.pick(COMPANY_FORMS))
}

/// A city of this world.
pub(crate) fn city(draw: &mut Draw) -> &'static str {
    draw.pick(CITIES)
}

/// A profession, as a job title.
pub(crate) fn job_title(draw: &mut Draw) -> &'static str {
    draw.pick(EN::COMPANY_PROFESSION)
}

/// A telephone number in international form.
pub(crate) fn phone(draw: &mut Draw) -> String {
    format!("+{} {} {:06}", draw.between(1, 99), draw.between(10, 999), draw.between(0, 999_999))
}

/// A short line: what an activity or a sale is about.
pub(crate) fn subject(draw: &mut Draw) -> String {
    format!("{} {} {}", draw.pick(SUBJECTS), draw.pick(EN::LOREM_WORD), draw.pick(EN::LOREM_WORD))
}

/// A word of pseudo-Latin.
pub(crate) fn word(draw: &mut Draw) -> &'static str {
    draw.pick(EN::LOREM_WORD)
}

/// Prose of `least` to `most` words, now and then with quotes, a line break, or a letter from elsewhere.
pub(crate) fn prose(draw: &mut Draw, least: i64, most: i64) -> String {
    let mut text = String::new();
    for nth in 0..draw.between(least, most) {
        if nth > 0 {
            text.push(if draw.percent(2) { '\n' } else { ' ' });
        }
        match draw.between(0, 99) {
            0 => text.push_str("\"naïve\""),
            1 => text.push_str("don't"),
            2 => text.push('✓'),
            _ => text.push_str(word(draw)),
        }
    }
    text
}
