//! Notes and their attachments.

use super::{Table, edge, finish, record};
use crate::words;

const FILES: &[(&str, &str)] =
    &[("scan.pdf", "application/pdf"), ("photo.jpg", "image/jpeg"), ("Ümlaut & co.txt", "text/plain")];
/// The largest attachment, in bytes; a twelfth power keeps most of them far smaller.
const LARGEST: f64 = 20_480.0;

pub(super) const ANNOTATION: Table = Table {
    copy: "COPY crm.annotation (id, subject, note_text, file_name, mime_type, body, \
           account_id, contact_id, opportunity_id, incident_id, \
           owner_id, owning_business_unit_id, state_code, created_on, modified_on) FROM STDIN",
    write: |world, index, draw, rows| {
        let book = &world.book;
        let note = record(world, index, draw);
        let file = draw.maybe(40, |draw| FILES[draw.skewed(FILES.len(), 1.0)]);
        let body = file.map(|_| {
            let size = draw.fraction().powi(12) * LARGEST;
            draw.bytes(size as usize)
        });
        rows.begin(edge(index)).id(note.id).text(usize::MAX, draw.maybe(80, words::subject));
        rows.text(usize::MAX, draw.maybe(90, |draw| words::prose(draw, 5, 80)));
        rows.text(255, file.map(|(name, _)| name)).text(100, file.map(|(_, kind)| kind)).bytes(body);
        let (mut account, mut contact, mut sale, mut case) = (None, None, None, None);
        match draw.between(0, 9) {
            0..=3 => contact = book.contact_of(&note),
            4..=6 => account = book.account_of(&note),
            7 => sale = Some(&book.opportunities[draw.skewed(book.opportunities.len(), 1.0)]),
            8 => case = Some(&book.incidents[draw.skewed(book.incidents.len(), 1.0)]),
            _ => {}
        }
        for record in [account, contact, sale, case] {
            rows.id_or_null(record.map(|record| record.id));
        }
        finish(world, &note, draw, rows);
    },
};
