"""The province's figures (số liệu): counted when somebody asks, as a page or as a workbook."""

from datetime import date, datetime

from litestar import Response, get
from litestar.exceptions import HTTPException

from monitoring.console.desk import VIETNAM
from monitoring.console.given import Look, Visit
from monitoring.report.period import Period, read_day
from monitoring.report.tables import shown
from monitoring.report.workbook import workbook

_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@get("/figures")
async def figures(look: Look) -> Response[str]:
    """The figures of `?from=&to=`, today's without; what is no period is said, and today's shown."""
    today = datetime.now(VIETNAM).date()
    period = _period(look, today)
    shown_period = period or Period(today, today)
    count = await look.desk.counting.so_far(shown_period)
    return look.page(
        "figures.html",
        code=200 if period else 422,
        wrong=period is None,
        period=shown_period,
        today=today,
        count=count,
        cell=shown,
    )


@get("/figures.xlsx")
async def book(look: Look) -> Response[bytes]:
    """The same as a workbook; raises `HTTPException` for what is no period."""
    period = _period(look, datetime.now(VIETNAM).date())
    if period is None:
        raise HTTPException(status_code=422)
    content = workbook(period, await look.desk.counting.whole(period), look.desk.title)
    name = f"so-lieu-{period.first}-{period.last}.xlsx"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=_WORKBOOK, headers=headers)


def _period(visit: Visit, today: date) -> Period | None:
    asked = visit.request.query_params
    try:
        last = read_day(asked["to"]) if asked.get("to") else today
        return Period(read_day(asked["from"]) if asked.get("from") else last, last)
    except ValueError:
        return None


HANDLERS = (figures, book)
