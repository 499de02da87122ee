"""The one place that wires rooms together."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass

from .capture.extractor import Extractor
from .capture.redaction import Redactor
from .clock import Clock, TimeOrderedIds, wall_clock
from .config import Settings
from .guard.context_injector import UsageContextInjector
from .guard.decision_log import DecisionLog
from .guard.leases import Leases
from .guard.letting_through import LettingThrough
from .guard.modes import set_mode
from .guard.optimizer import UsagePatternOptimizer
from .guard.pattern_checker import UsagePatternChecker
from .guard.policy.approvals import Approvals
from .guard.policy.book import PolicyBook
from .guard.policy.desk import PolicyDesk
from .guard.policy.explaining import Explainer
from .guard.policy.folder import PolicyFolder
from .guard.policy.hits import count_settled
from .guard.policy.live import LivePolicies
from .guard.policy.records import TABLES as POLICY_TABLES
from .guard.policy.suggested import SuggestedPolicies
from .guard.prevention_tracker import UsagePreventionTracker
from .guard.tables import APPEALS
from .knowledge import tables as knowledge_tables
from .knowledge.indexing import KnowledgeIndex
from .knowledge.repository import KnowledgeRepository
from .knowledge.retention import WorkflowRetention
from .knowledge.semantic.choosing import Choice, semantic_index
from .knowledge.workflows import Workflows
from .learning.events import EVENTS
from .learning.foresight import Foresight
from .learning.layout import align_features
from .learning.learner import UsagePatternLearner
from .learning.recorder import Caps, Recorder
from .learning.schemas import Schemas
from .learning.storage import UsagePatternStorage
from .learning.tables import MODELS, NAMES, RATES, SESSIONS, SPREADS
from .learning.tools import ToolRegistry
from .model.vocabulary import Mode
from .policies.engine.evaluator import DurableEvaluator
from .policies.engine.trials import Trials
from .policies.single import check_policy
from .rollouts import records as rollout_records
from .rollouts.rollouts import Rollouts
from .rollouts.trials import RunningTrials
from .store.retention import Limits, Retention
from .store.store import Store
from .store.tables import META
from .store.transaction import WriteTransaction
from .suggestions import tables as suggestion_tables
from .suggestions.room import Provider, Suggestions, drafter_of
from .suggestions.settings import Limits as SuggestionLimits
from .suggestions.settings import ModelLimits

#: Seconds that a probe may take to be reported.
PROBE_LEASE_SECONDS = 120.0
_KEY = b"redaction_key"


@dataclass(frozen=True)
class Rooms:
    """All rooms over one store. Usable without gRPC."""

    store: Store
    extractor: Extractor
    foresight: Foresight
    learner: UsagePatternLearner
    recorder: Recorder
    log: DecisionLog
    tracker: UsagePreventionTracker
    checker: UsagePatternChecker
    optimizer: UsagePatternOptimizer
    injector: UsageContextInjector
    patterns: UsagePatternStorage
    tools: ToolRegistry
    policies: LivePolicies
    policy_book: PolicyBook
    policy_desk: PolicyDesk
    suggested_policies: SuggestedPolicies
    explainer: Explainer
    approvals: Approvals
    knowledge: KnowledgeRepository
    knowledge_index: KnowledgeIndex
    workflows: Workflows
    workflow_retention: WorkflowRetention
    suggestions: Suggestions
    rollouts: Rollouts
    clock: Clock
    settings: Settings

    def close(self) -> None:
        """Write what waits, close the store."""
        self.policies.close()
        self.log.flush()
        self.workflows.close()
        self.suggestions.close()
        self.knowledge_index.close()
        self.store.close()


def open_rooms(settings: Settings, clock: Clock = wall_clock, randomness: random.Random | None = None) -> Rooms:
    """Open, or make, the store and wire the rooms. Raises the store's errors."""
    workflow_retention = WorkflowRetention(settings.max_workflow_events, settings.workflow_retention_days)
    trials = RunningTrials()
    store = Store(
        settings.data_dir,
        tables=(
            SESSIONS,
            MODELS,
            RATES,
            NAMES,
            SPREADS,
            APPEALS,
            EVENTS,
            *POLICY_TABLES,
            *knowledge_tables.ALL,
            *suggestion_tables.ALL,
            *rollout_records.ALL,
        ),
        limit_bytes=settings.store_limit_bytes,
        queue_limit=settings.queue_limit,
        retention=Retention(
            Limits(
                calls=settings.max_calls,
                decisions=settings.max_decisions,
                days=settings.retention_days,
                sessions=settings.max_sessions,
            )
        ),
        housekeeping=(workflow_retention, trials),
        clock=clock,
    )
    try:
        return _wire(store, workflow_retention, trials, settings, clock, randomness or random.Random(settings.seed))
    except BaseException:
        store.close()
        raise


def _wire(
    store: Store,
    workflow_retention: WorkflowRetention,
    trials: RunningTrials,
    settings: Settings,
    clock: Clock,
    randomness: random.Random,
) -> Rooms:
    foresight = Foresight(Schemas())
    key = store.submit(_redaction_key).result()
    store.submit(lambda txn: align_features(txn, foresight.names, foresight.first_values, foresight.together)).result()
    if settings.mode is not None:
        mode = Mode[settings.mode.upper()]
        store.submit(lambda txn: set_mode(txn, mode)).result()
    extractor = Extractor(Redactor(key))
    learner = UsagePatternLearner(foresight, settings.probe_seconds, settings.false_prevention_budget)
    leases = Leases(PROBE_LEASE_SECONDS)
    log = DecisionLog(store, settings.queue_limit, settings.max_tools, trials.said, leases)
    ids = TimeOrderedIds(clock)
    caps = Caps(settings.max_patterns_per_tool, settings.max_patterns, settings.max_tools)
    lots = randomness.getrandbits(64)  # a source of their own: ids drawn in between do not shift the holdout's lots
    recorder = Recorder(
        store,
        extractor,
        foresight,
        learner,
        clock,
        caps,
        leases.release,
        settings.false_prevention_budget,
        count_settled,
        trials.recorded,
    )
    live = LivePolicies(
        store, DurableEvaluator(Trials()), PolicyFolder(settings.policies) if settings.policies is not None else None
    )
    approvals = Approvals(store, extractor, clock)
    desk = PolicyDesk(live, approvals, extractor, foresight)
    tracker = UsagePreventionTracker(
        store,
        extractor,
        foresight,
        recorder,
        log,
        LettingThrough(leases, settings.probe_seconds, settings.holdout_share, settings.blast_cap, random.Random(lots)),
        clock,
        settings.false_prevention_budget,
        desk,
    )
    # A source of its own, for the same reason: ids made of descriptions.
    knowledge = KnowledgeRepository(
        store, extractor, clock, random.Random(randomness.getrandbits(64)), settings.max_entities, check_policy
    )
    index = KnowledgeIndex(store, semantic_index(store, _embeddings(settings)))
    index.start()
    suggestions = _suggestions(store, settings, extractor, knowledge, index, clock, ids)
    workflows = Workflows(store, extractor, knowledge, index, clock, ids, suggestions.analyst, trials)
    suggestions.start(workflows.learned)
    book = PolicyBook(store, live, extractor, clock)
    return Rooms(
        store=store,
        extractor=extractor,
        foresight=foresight,
        learner=learner,
        recorder=recorder,
        log=log,
        tracker=tracker,
        policies=live,
        policy_book=book,
        suggested_policies=SuggestedPolicies(store, suggestions.inbox, book, live),
        policy_desk=desk,
        explainer=Explainer(store, extractor, foresight, desk, tracker.foresee),
        approvals=approvals,
        checker=UsagePatternChecker(store, extractor, foresight),
        optimizer=UsagePatternOptimizer(store, extractor, foresight, log, ids, randomness),
        injector=UsageContextInjector(store, extractor),
        patterns=UsagePatternStorage(store, extractor),
        tools=ToolRegistry(store, extractor, settings.max_tools),
        knowledge=knowledge,
        knowledge_index=index,
        workflow_retention=workflow_retention,
        workflows=workflows,
        suggestions=suggestions,
        rollouts=Rollouts(store, knowledge, book, live, trials, extractor, clock, ids),
        clock=clock,
        settings=settings,
    )


def _embeddings(settings: Settings) -> Choice:
    return Choice(
        settings.embeddings, settings.vectors, settings.data_dir / "qdrant", settings.qdrant_url,
        settings.qdrant_key_file, settings.qdrant_collection, settings.qdrant_timeout,
    )  # fmt: skip


def _suggestions(
    store: Store,
    settings: Settings,
    extractor: Extractor,
    knowledge: KnowledgeRepository,
    index: KnowledgeIndex,
    clock: Clock,
    ids: TimeOrderedIds,
) -> Suggestions:
    """The room of suggestions, with a model behind it where the settings name one."""
    provider = Provider(settings.drafting, settings.llm_model, settings.llm_key_file, settings.llm_base_url)
    return Suggestions(
        store,
        extractor,
        knowledge,
        index,
        clock,
        ids,
        SuggestionLimits(min_confidence=settings.suggestion_min_confidence, per_day=settings.suggestions_per_day),
        ModelLimits(
            timeout=settings.llm_timeout,
            at_once=settings.llm_at_once,
            per_minute=settings.llm_requests_per_minute,
            tokens_per_day=settings.llm_tokens_per_day,
        ),
        drafter_of(provider, settings.llm_timeout),
    )


def _redaction_key(txn: WriteTransaction) -> bytes:
    """The store's own key, under which what is hidden is told apart. Made once."""
    key = txn.get_raw(META, _KEY)
    if key is None:
        key = secrets.token_bytes(32)
        txn.put(META, _KEY, key)
    return key
