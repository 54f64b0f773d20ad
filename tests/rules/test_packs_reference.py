from rules import reference


def test_the_reference_page_says_what_the_packs_say():
    """When it fails: `python -m rules.reference`."""
    assert reference.PAGE.read_text("utf-8") == reference.page()
