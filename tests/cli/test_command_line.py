def test_probe(published, annual):
    print()
    line = published.line
    print(published)
    for words in (
        ["round", "list"],
        ["round", "status", published.round],
        ["decisions", "list"],
        ["decisions", "show", published.disclosed],
        ["nominations", "show", published.nomination],
        ["ledger", "verify"],
        ["doctor"],
        ["notifications", "status"],
        ["council", "members", published.session],
        ["deadlines", "sweep"],
    ):
        print(words, line(*words).answer)
    assert 0
