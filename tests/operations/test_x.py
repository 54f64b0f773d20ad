from rules.lifecycle import State
import time
def test_all(office):
    r = office.open_round()
    for s in State:
        t=time.time()
        r.to(s)
        print(s, round(time.time()-t,3))
    t=time.time()
    d=office.digests(); print("digest", time.time()-t)
    assert office.violations() == []
    office.settle_outbox()
    office.seal()
    assert office.violations() == []
def test_two(office):
    pass
