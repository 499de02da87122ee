"""The methods of the daemon that tools use, beside those that the Python client names itself."""

from __future__ import annotations

from typing import Final

from forewarn.channel import Rpc
from forewarn.v1 import knowledge_pb2 as k
from forewarn.v1 import policy_pb2 as p
from forewarn.v1 import rollout_pb2 as r
from forewarn.v1 import suggestion_pb2 as s

_KNOWLEDGE: Final = "KnowledgeService"
_SUGGESTION: Final = "SuggestionService"
_ROLLOUT: Final = "RolloutService"

LIST_ENTITIES: Final = Rpc("ListEntities", k.ListEntitiesRequest, k.ListEntitiesResponse, _KNOWLEDGE)
SEARCH_ENTITIES: Final = Rpc("SearchEntities", k.SearchEntitiesRequest, k.SearchEntitiesResponse, _KNOWLEDGE)
GET_ENTITY: Final = Rpc("GetEntity", k.GetEntityRequest, k.GetEntityResponse, _KNOWLEDGE)
CREATE_ENTITY: Final = Rpc("CreateEntity", k.CreateEntityRequest, k.CreateEntityResponse, _KNOWLEDGE)
UPDATE_ENTITY: Final = Rpc("UpdateEntity", k.UpdateEntityRequest, k.UpdateEntityResponse, _KNOWLEDGE)
DELETE_ENTITY: Final = Rpc("DeleteEntity", k.DeleteEntityRequest, k.DeleteEntityResponse, _KNOWLEDGE)
RESTORE_ENTITY: Final = Rpc("RestoreEntity", k.RestoreEntityRequest, k.RestoreEntityResponse, _KNOWLEDGE)

LIST_SUGGESTIONS: Final = Rpc("ListSuggestions", s.ListSuggestionsRequest, s.ListSuggestionsResponse, _SUGGESTION)
GET_SUGGESTION: Final = Rpc("GetSuggestion", s.GetSuggestionRequest, s.GetSuggestionResponse, _SUGGESTION)
APPROVE_SUGGESTION: Final = Rpc(
    "ApproveSuggestion", s.ApproveSuggestionRequest, s.ApproveSuggestionResponse, _SUGGESTION
)
MODIFY_SUGGESTION: Final = Rpc("ModifySuggestion", s.ModifySuggestionRequest, s.ModifySuggestionResponse, _SUGGESTION)
REJECT_SUGGESTION: Final = Rpc("RejectSuggestion", s.RejectSuggestionRequest, s.RejectSuggestionResponse, _SUGGESTION)
DISMISS_SUGGESTION: Final = Rpc(
    "DismissSuggestion", s.DismissSuggestionRequest, s.DismissSuggestionResponse, _SUGGESTION
)
UNDO_SUGGESTION: Final = Rpc("UndoSuggestion", s.UndoSuggestionRequest, s.UndoSuggestionResponse, _SUGGESTION)
WHAT_IF_SUGGESTION: Final = Rpc("WhatIfSuggestion", s.WhatIfSuggestionRequest, s.WhatIfSuggestionResponse, _SUGGESTION)

WHAT_IF: Final = Rpc("WhatIf", p.WhatIfRequest, p.WhatIfResponse, "PolicyService")

LIST_ROLLOUTS: Final = Rpc("ListRollouts", r.ListRolloutsRequest, r.ListRolloutsResponse, _ROLLOUT)
GET_ROLLOUT: Final = Rpc("GetRollout", r.GetRolloutRequest, r.GetRolloutResponse, _ROLLOUT)
START_ROLLOUT: Final = Rpc("StartRollout", r.StartRolloutRequest, r.StartRolloutResponse, _ROLLOUT)
STOP_ROLLOUT: Final = Rpc("StopRollout", r.StopRolloutRequest, r.StopRolloutResponse, _ROLLOUT)
