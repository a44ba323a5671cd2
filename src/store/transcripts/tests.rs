use super::*;

#[test]
fn a_month_is_old_when_all_of_it_is() {
    let now = |text: &str| Timestamp::parse(text).unwrap();
    let days = |days: u64| Duration::from_secs(days * 86_400);
    assert!(!is_older("2026-01/mill-abc", now("2026-01-31T23:59:59Z"), days(0)));
    assert!(is_older("2026-01/mill-abc", now("2026-02-01T00:00:00Z"), days(0)));
    assert!(!is_older("2025-12/mill-abc", now("2026-03-31T00:00:00Z"), days(90)));
    assert!(is_older("2025-12/mill-abc", now("2026-04-01T00:00:00Z"), days(90)));
}

#[test]
fn a_place_of_another_form_is_none_of_ours() {
    assert_eq!(month_in("2026-01/mill-abc123"), Some((2026, 1)));
    for place in
        ["2026-13/a", "2026-1/a", "26-01/a", "2026-01/", "2026-01/a/b", "2026-01/..", "../state", "2026-+1/a", ""]
    {
        assert_eq!(month_in(place), None, "{place}");
        assert!(!is_older(place, Timestamp::from_millis(u64::MAX), Duration::ZERO));
    }
}
