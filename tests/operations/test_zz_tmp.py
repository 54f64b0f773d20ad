from operations import *
from operations import proposal, review, rounds, signature, disclosure, council, vote, accounts, deadlines
from operations.installation import moment
from rules.lifecycle import State
from datetime import date, timedelta
import traceback
def test_bad(office):
    r = office.open_round()
    (sub,) = r.file()
    d1, d2 = r.file(2, submit=False)
    rec = r.to(State.RECOMMENDED)
    (fw,) = r.to(State.FORWARDED)
    (dis,) = r.to(State.DISCLOSED)
    off=office.officer("XA01"); rev=office.chuyenvien1; sec=office.thuky; ch=office.chutich; now=office.now
    W=dict(now=now)
    def t(name, f, *a, **k):
        try:
            x=office.act(f,*a,**k)
            if isinstance(x,list): x=[(y.refusal.code if y.refusal else "done") for y in x]
            print(name,"->", str(x)[:80])
        except Exception as e:
            print(name,"!!", type(e).__name__, getattr(e,"code",None) , str(e)[:90].replace("\n"," "))
    L="x"*5000; N="a\x00b"; S="a\ud800b"
    for label,bad in (("long",L),("nul",N),("surrogate",S)):
        t(label+" reason", review.return_for_supplement,[sub],reason=bad,actor=rev,**W)
        t(label+" code", proposal.submit,[bad],actor=off,**W)
        t(label+" title", rounds.open_round,kind="CONG_TRANG",year=2024,title=bad,actor=sec,**W)
        t(label+" place", council.convene,round_code=r.code,at=now,place=bad,actor=sec,**W)
        t(label+" petition", disclosure.file_petition,text=bad,sender=bad,**W)
        t(label+" mend", proposal.mend,d1,actor=off,achievement=bad,**W)
        t(label+" answer", disclosure.record_answer,office.letter_of(fw),number=bad,on=date(2024,11,20),actor=rev,**W)
        t(label+" extend", rounds.extend,r.code,stage="council_vote",until=date(2024,12,20),reason=bad,actor=sec,**W)
        t(label+" revoke", disclosure.revoke,office.decision_of(dis),ground="93.2.a",reason=bad,actor=ch,**W)
        t(label+" file", proposal.file,round_code=r.code,unit_code="XA01",proposals=[proposal.Proposed(name=bad,kind="individual",award="LDTT")],actor=off,**W)
        t(label+" round", rounds.status, bad)
        t(label+" session", council.attend, bad, ["x"], actor=sec)
    a=office.rows("select achievement, nominee_id from nomination where code=:c",c=d1)
    t("mend facts", proposal.mend,d1,actor=off,facts="{not json",**W)
    t("mend parts", proposal.mend,d1,actor=off,parts=None,**W)
    t("mend rating", proposal.mend,d1,actor=off,rating="ABC",**W)
    P=proposal.Proposed(name="Giàng A Mẫu",kind="individual",award="LDTT",achievement="A")
    Q=proposal.Proposed(name="Giàng A Mẫu",kind="individual",award="LDTT",achievement="B")
    f=office.act(proposal.file,round_code=r.code,unit_code="XA01",proposals=[P,Q],actor=off,submit=False,**W)
    t("mend to twin", proposal.mend,f.codes[0],actor=off,achievement="B",**W)
    t("kind", proposal.file,round_code=r.code,unit_code="XA01",proposals=[proposal.Proposed(name="G",kind="dog",award="LDTT")],actor=off,**W)
    t("rating", proposal.file,round_code=r.code,unit_code="XA01",proposals=[proposal.Proposed(name="G",kind="individual",award="LDTT",rating="verylongrating")],actor=off,**W)
    t("codes empty", review.pass_review,[],actor=rev,**W)
    t("sign empty", signature.sign,[],actor=ch,**W)
    t("sign B", signature.sign,rec,actor=ch,now=moment("2025-08-01T08:00:00"))
    t("sign C", signature.sign,rec,actor=ch,now=moment("2027-08-01T08:00:00"))
    t("answer date past", disclosure.record_answer,office.letter_of(fw),number="1",on=date(1999,11,20),actor=rev,**W)
    t("disclose url", disclosure.disclose,office.letter_of(fw),actor=rev,url="x",**W)
    t("year", rounds.open_round,kind="CONG_TRANG",year=2024,title="x",actor=sec,now=now,proposals_due=date(2020,1,1))
    t("convene past", council.convene,round_code=r.code,at=now-timedelta(days=100),place="x",actor=sec,**W)
    print(office.violations())
