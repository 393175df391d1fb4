"""Every metric there is (danh mục chỉ số): its name, labels and meaning, declared once.

Alert rules, dashboards and docs/metrics.md are held against this table by tests. Labels are names that are
configured or words of closed lists, never anything out of a message, so the number of series has a bound.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
Origin = Literal["process", "ledger"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `origin` "ledger": counted there, and exported by one elected process."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str
    vi: str
    origin: Origin = "process"
    buckets: tuple[float, ...] = ()

    @property
    def series(self) -> tuple[str, ...]:
        """The names under which it is asked for in PromQL."""
        if self.kind == "histogram":
            return tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
        return (self.name,)


_CALL = (0.05, 0.25, 1.0, 2.5, 10.0, 30.0)
_PEER = (0.25, 1.0, 5.0, 30.0)
"""Few: each bucket is a series for every operation there is."""
_ROAD = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0, 259200.0)
_DAY = 28_800.0
_SLACK = tuple(days * _DAY for days in (-5, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 5, 10, 20))
"""In working time: a day is eight hours."""

HEARD = (
    Metric(
        "lienthong_messages_kept_total",
        "counter",
        ("source", "kind", "outcome"),
        "Messages on disk, by what became of them: kept, repeated, conflict, parked, dead, unmatched.",
        "Thông điệp đã nhận và lưu xuống đĩa, theo kết quả",
    ),
    Metric(
        "lienthong_messages_rejected_total",
        "counter",
        ("source", "kind"),
        "Messages refused to their sender with every problem; nothing of them was kept.",
        "Thông điệp trả lại nơi gửi vì sai, không lưu",
    ),
    Metric(
        "lienthong_deliveries_settled_total",
        "counter",
        ("connector", "operation", "state"),
        "Attempts that ended, by the state they left their delivery in.",
        "Lần gửi đã kết thúc, theo trạng thái để lại",
    ),
    Metric(
        "lienthong_attempts_total",
        "counter",
        ("connector", "cause", "fault"),
        "Attempts that ended, by error class (cause; done: none) and whose doing it was: "
        "ours, theirs, network, data, policy.",
        "Lần gửi theo loại lỗi và lỗi của ai: ta, họ, mạng, dữ liệu, quy định",
    ),
    Metric(
        "lienthong_unmapped_codes_total",
        "counter",
        ("connector", "direction"),
        "Codes that no list or table has, met in messages in and out.",
        "Mã không có trong danh mục",
    ),
    Metric(
        "lienthong_schema_violations_total",
        "counter",
        ("connector", "direction"),
        "Other rules of sheet or schema that messages broke, in and out.",
        "Lỗi khuôn dạng, quy tắc của thông điệp",
    ),
    Metric(
        "lienthong_peer_request_seconds",
        "histogram",
        ("connector", "operation"),
        "How long calls to a peer took.",
        "Thời gian một lần gọi hệ thống bạn",
        buckets=_PEER,
    ),
    Metric(
        "lienthong_processing_seconds",
        "histogram",
        ("connector",),
        "From taking a delivery up to its outcome on disk.",
        "Thời gian xử lý một lần gửi",
        buckets=_CALL,
    ),
    Metric(
        "lienthong_critical_seconds",
        "histogram",
        ("connector",),
        "Critical time: from keeping to the effect at the peer, all waits and retries included.",
        "Từ lúc lưu đến lúc có kết quả ở nơi nhận, kể cả chờ và gửi lại",
        buckets=_ROAD,
    ),
    Metric(
        "lienthong_deadline_slack_seconds",
        "histogram",
        ("connector",),
        "Working time left to the promised date when the effect took place; negative: it was over.",
        "Thời gian làm việc còn lại đến ngày hẹn trả khi gửi xong",
        buckets=_SLACK,
    ),
    Metric(
        "lienthong_heartbeat_timestamp_seconds",
        "gauge",
        ("connector",),
        "When a heartbeat last came back through the connector's work queue.",
        "Lần cuối nhịp đi qua hàng đợi của kết nối",
    ),
    Metric(
        "lienthong_heartbeat_delay_seconds",
        "gauge",
        ("connector",),
        "How long that heartbeat took through the queue.",
        "Nhịp đi qua hàng đợi mất bao lâu",
    ),
    Metric(
        "lienthong_dead_letters_heartbeat_timestamp_seconds",
        "gauge",
        (),
        "When a heartbeat last came back through the dead-letter queue; 0: not yet.",
        "Lần cuối nhịp đi qua hàng đợi thư chết",
    ),
    Metric(
        "lienthong_dead_letters_heartbeat_delay_seconds",
        "gauge",
        (),
        "How long that heartbeat took until what lay there before it was marked.",
        "Nhịp đi qua hàng đợi thư chết mất bao lâu",
    ),
)
"""Counted as it happens, in every process."""

PROCESS = (
    Metric(
        "lienthong_build_info",
        "gauge",
        ("installation", "config"),
        "Always 1: which installation, and the number of the routes in use.",
        "Phiên bản cấu hình đang chạy",
    ),
    Metric(
        "lienthong_connector_info",
        "gauge",
        ("connector", "type", "mode", "title", "duty"),
        "Always 1: what a connector is, and whom to call about its peer.",
        "Kết nối: loại, chế độ, tên và số trực của đơn vị bạn",
    ),
    Metric(
        "lienthong_elected",
        "gauge",
        (),
        "1 in the process that exports what is counted from the ledger.",
        "Tiến trình này xuất số liệu của sổ cái",
    ),
    Metric(
        "lienthong_broker_connected", "gauge", (), "1 while the broker takes messages.", "Nối được RabbitMQ"
    ),
    Metric(
        "lienthong_disk_free_bytes",
        "gauge",
        (),
        "Free where the ledger and the files lie.",
        "Đĩa còn trống",
    ),
    Metric(
        "lienthong_disk_floor_bytes",
        "gauge",
        (),
        "With less free nothing is taken in or sent.",
        "Mức đĩa trống tối thiểu",
    ),
    Metric(
        "lienthong_certificate_expiry_timestamp_seconds",
        "gauge",
        ("certificate",),
        "When a configured certificate ends; 0: it cannot be read.",
        "Chứng thư hết hạn lúc",
    ),
    Metric(
        "lienthong_working_time",
        "gauge",
        (),
        "1 during working hours of the province's calendar.",
        "Đang trong giờ làm việc",
    ),
)
"""What a process knows of itself, read when it is asked."""

LEDGER = tuple(
    Metric(name, "gauge", labels, text, vi, "ledger")
    for name, labels, text, vi in (
        (
            "lienthong_deliveries",
            ("connector", "operation", "state"),
            "Deliveries that are open or need a person, by state.",
            "Lượt gửi còn mở hoặc cần người xử lý",
        ),
        (
            "lienthong_dossiers_stuck",
            ("connector", "state"),
            "Dossiers with a delivery that is retrying, unknown, held or dead.",
            "Số hồ sơ đang mắc",
        ),
        (
            "lienthong_oldest_seconds",
            ("connector", "state"),
            "Age of the oldest delivery in a state, from keeping.",
            "Lượt gửi lâu nhất đã chờ bao lâu",
        ),
        (
            "lienthong_slack_left_seconds",
            ("connector",),
            "Least working time left to the promised date of any stuck dossier; negative: it is over.",
            "Hồ sơ mắc gấp nhất còn bao nhiêu giờ làm việc",
        ),
        (
            "lienthong_messages_aside",
            ("source", "state"),
            "Messages that wait for a person: parked, unmatched, conflict, dead.",
            "Thông điệp chờ người xem",
        ),
        (
            "lienthong_legs_open",
            ("route",),
            "Legs whose answer is awaited, or that are asked back.",
            "Chặng đang chờ trả lời hoặc đang thu hồi",
        ),
        (
            "lienthong_legs_late",
            ("route",),
            "Legs whose time is over: unanswered, or asked back and not given.",
            "Chặng trễ hạn",
        ),
        (
            "lienthong_breaker_open",
            ("connector", "operation"),
            '1 while a breaker is open (operation "": the whole connector), 0.5 half-open.',
            "Cầu dao đang mở",
        ),
        ("lienthong_connector_paused", ("connector",), "1 while a person has paused it.", "Đang tạm dừng"),
        (
            "lienthong_source_polled_timestamp_seconds",
            ("connector", "source"),
            "When a polled source last moved on.",
            "Lần cuối nguồn có tin mới",
        ),
        (
            "lienthong_action_log_number",
            (),
            "Number of the last action of a person in the log; it never falls.",
            "Số của thao tác cuối trong nhật ký; không bao giờ giảm",
        ),
        (
            "lienthong_action_log_broken",
            (),
            "1 where the chain of the log of actions is broken: somebody changed it.",
            "1: chuỗi băm của nhật ký thao tác bị gãy, có người đã sửa",
        ),
        (
            "lienthong_late_done",
            (),
            "Late answers that contradict the ledger: compare with the peer.",
            "Trả lời muộn trái với sổ cái",
        ),
        (
            "lienthong_work_given_up",
            (),
            "Open deliveries whose work message the broker gave up on.",
            "Lượt gửi mà RabbitMQ đã bỏ cuộc",
        ),
        (
            "lienthong_account_deliveries",
            ("state",),
            "Every delivery there is, by state, as of the last account.",
            "Bảng cân đối: số lượt gửi theo trạng thái",
        ),
        (
            "lienthong_unaccounted",
            (),
            "Deliveries that are in no known state; anything but 0 is a broken promise.",
            "Số lượt gửi không giải trình được",
        ),
        (
            "lienthong_account_timestamp_seconds",
            (),
            "When the last whole account was drawn.",
            "Lúc lập bảng cân đối gần nhất",
        ),
        (
            "lienthong_ledger_read_timestamp_seconds",
            (),
            "When the ledger was last read for these figures.",
            "Lúc đọc sổ cái gần nhất",
        ),
        (
            "lienthong_ledger_read_duration_seconds",
            (),
            "How long that reading took.",
            "Đọc sổ cái mất bao lâu",
        ),
    )
)
"""Counted from the ledger."""

ALL = (*HEARD, *PROCESS, *LEDGER)
BY_NAME = {metric.name: metric for metric in ALL}


def asked_names() -> Iterator[str]:
    """Every name that PromQL may use of ours."""
    for metric in ALL:
        yield from metric.series
