"""Phrases of error texts and what they say, most specific first: (cause, confidence, RE2 patterns).

General English of operating systems, databases, protocols and libraries; nothing that speaks of one data set. A text is
taken at the first row that matches. Confidences are checked against labelled cases in ``tests/capture``.
"""

from __future__ import annotations

from typing import Final

from ..model.vocabulary import Cause

# fmt: off
PHRASES: Final[tuple[tuple[Cause, float, tuple[str, ...]], ...]] = (
    # What names its cause so plainly that other words in the text do not matter.
    (Cause.INVALID_ARGUMENT, 0.97, (
        r"is a required property", r"validation errors? for ", r"missing \d+ required (?:positional|keyword)",
        r"unexpected keyword argument", r"additional propert(?:y|ies) ", r"field required", r"invalid params",
        r"input should be ", r"required value\b",
        r"missing required (?:argument|parameter|property|field|option|key)",
    )),
    (Cause.NOT_FOUND, 0.96, (
        r"no module named", r"filenotfound", r"modulenotfound", r"invalid object name",
    )),
    (Cause.RATE_LIMITED, 0.96, (
        r"rate.?limit", r"too many requests", r"throttl(?:ed|ing)", r"request ?limit ?exceeded", r"rate exceeded",
        r"(?:requests|tokens) per (?:second|minute|hour|day)", r"too many (?:messages|calls|attempts|queries|logins)",
        r"slow ?down\b", r"quota.{0,40}per (?:minute|hour|day)",
    )),
    (Cause.CONFLICT, 0.95, (
        r"deadlock", r"lock-frontend", r"could not get lock", r"acquiring the state lock",
        r"(?:database|table) is locked", r"index\.lock", r"object has been modified", r"address already in use",
        r"eaddrinuse", r"port is already allocated", r"merge conflict", r"^conflict \(", r"duplicate (?:key|entry)",
        r"unique constraint", r"could not serialize access", r"conflicting (?:peer )?dependenc", r"eresolve",
        r"conditional (?:check failed|request failed)", r"conditionalcheckfailed",
        r"tip of your current branch is behind", r"non-fast-forward", r"fetch first",
    )),
    (Cause.RESOURCE_EXHAUSTED, 0.95, (
        r"no space left on device", r"disk (?:is )?full", r"disk quota", r"out ?of ?memory", r"oom.?kill",
        r"cannot allocate memory", r"java heap space", r"heap limit", r"too many (?:clients|connections|open files)",
        r"exceeded quota", r"quota ?exceeded", r"resource temporarily unavailable",
        r"(?:request entity|payload|file|message|body) (?:is )?too large", r"[a-z]limit ?exceeded",
        r"(?:your|the) (?:current )?[\w ]{0,24}limit of \d", r"maximum context length", r"context window",
        r"argument list too long", r"(?:balance|credits?) (?:is )?(?:too low|exhausted|insufficient)",
        r"out of (?:credits?|quota)", r"\boom\b", r"resource ?exhausted",
        r"insufficient (?:capacity|memory|storage|disk)",
    )),
    (Cause.TIMEOUT, 0.95, (
        r"timed[ -]?out", r"time-?out(?:error|exception)?\b.{0,24}(?:exceeded|expired|reached|occurred)",
        r"deadline ?exceeded", r"context deadline",
        r"(?:statement|lock wait|handshake|gateway|read|connect(?:ion)?|request)[ _-]?time-?out",
        r"timeout (?:of )?\d+ ?m?s", r"\btimeout(?:error|exception|expired)?:", r"took too long",
    )),
    (Cause.UNAVAILABLE, 0.95, (
        r"connection (?:was )?(?:refused|reset|closed|aborted|terminated|lost)", r"econn(?:refused|reset|aborted)",
        r"was refused", r"could not resolve", r"name or service not known", r"name resolution", r"no such host",
        r"err_name_not_resolved", r"unknownhost", r"nodename nor servname", r"\benotfound",
        r"temporary failure in name", r"no route to host", r"(?:network|host) is unreachable",
        r"server has gone away", r"lost connection", r"service (?:is )?(?:temporarily )?unavailable", r"bad gateway",
        r"overloaded", r"err_connection", r"err_internet", r"err_network", r"cannot connect to", r"can't connect to",
        r"failed to connect", r"could not connect", r"remote end closed", r"broken pipe", r"socket hang up",
        r"connection ?error", r"unexpected eof.{0,20}(?:stream|connection)", r"(?:under|for) maintenance",
        r"try again later", r"certificate (?:verify failed|has expired)", r"ssl.{0,12}(?:error|failed)",
    )),
    (Cause.UNIMPLEMENTED, 0.93, (
        r"not (?:yet )?implemented", r"unimplemented", r"notimplemented", r"method not (?:allowed|found)",
        r"(?:is|are|was) not supported\b", r"unsupported (?:operation|method|feature)", r"operation not supported",
        r"not available in (?:this|your) (?:version|plan|region)",
    )),
    (Cause.INVALID_ARGUMENT, 0.93, (
        r"error in your sql syntax", r"syntax ?error", r"parse ?error", r"parsing error",
        r"sql command not properly ended", r"unknown (?:flag|option|predicate|argument|parameter|primary|switch)",
        r"unrecognized (?:arguments?|option|name|flag|parameter)",
        (r"(?:invalid|illegal|unsupported) (?:option|argument|flag|value|date|literal|input|format|json"
         r"|request|url|regex|number|character|type)"),
        r"missing (?:\w+ ){0,2}(?:operand|argument|parameter|destination)", r"paths must precede", r"malformed",
        r"(?:is|are) ambiguous", r"ambiguous argument", r"not-null constraint", r"cannot be null",
        r"may not be (?:null|empty|blank)", r"check constraint", r"out of range", r"data too long",
        r"incorrect \w+ value", r"did not match any (?:file|pathspec)", r"unknown revision",
        r"unexpected (?:token|end of (?:file|json|input)|character|identifier|eof)", r"illegalargument",
        r"valueerror", r"jsondecodeerror", r"must (?:specify|be|provide|contain|have|match|start|end|not|include)\b",
        r"not in group by", r"invalid use of group", r"not assignable", r"mismatched types",
        r"wrong (?:kind|type|format)", r"wrongtype", r"failed to parse", r"must appear in", r"wrong number of",
        r"takes \d+ (?:positional )?arguments?", r"expected \d+ (?:arguments?|values?|parameters?)", r"is invalid:",
        r"\binvalid (?:[a-z]+ ){0,2}(?:name|id|key|query|syntax|expression|path|params|keyconditionexpression)",
        r"does not (?:add up|match)", r"do(?:es)? not conform", r"bad request", r"badly formatted",
        r"validation ?(?:error|exception|failed)", r"^usage:", r"\busage: \w+", r"different number of columns",
        r"unbound", r"unterminated", r"unclosed", r"was never closed",
    )),
    (Cause.PERMISSION, 0.95, (
        r"permission ?denied", r"access ?(?:is )?denied", r"accessdenied", r"command denied",
        r"pull access denied \(", r"not (?:authorized|permitted|allowed to)", r"unauthori[sz]ed", r"forbidden",
        r"account (?:has been |is )?(?:suspended|disabled|locked)", r"missing.?scope",
        r"(?:incorrect|wrong|bad|revoked) (?:api.?key|token|secret|pin)", r"operation not permitted",
        r"read-only file system", r"(?:expired|invalid).{0,12}(?:token|credential|api.?key)",
        r"(?:token|credential|session|key)\b[^.]{0,60}\bexpired", r"authentication (?:failed|required|error)",
        r"unauthenticated", r"(?:locate|no|missing|invalid|bad) credentials", r"active account",
        r"(?:password|login|credentials?) (?:is|are) required", r"invalid (?:username|password|user)",
        r"incorrect (?:username|password)", r"wrong password", r"login failed",
        r"(?:does not|doesn't|do not|don't) have (?:the )?(?:\w+ )?(?:permission|access|privilege|role)",
        r"insufficient (?:permission|privilege|scope|right)", r"outside (?:the )?(?:allowed|permitted|workspace)",
        r"must be (?:root|superuser|owner|admin)",
    )),
    (Cause.CONFLICT, 0.92, (
        r"already (?:exists?|in use|taken|registered|defined|exist)", r"file exists", r"\bconflict(?:s|ing)?\b",
        r"being used by another process", r"(?:resource|device or resource) (?:is )?busy", r"text file busy",
        r"version mismatch", r"stale (?:object|version|revision)",
    )),
    (Cause.PRECONDITION, 0.92, (
        r"not a git repository", r"local changes", r"would be overwritten", r"uncommitted changes", r"unmerged",
        r"directory not empty", r"is a directory", r"not a directory", r"precondition", r"illegalstate",
        r"invalid state", r"wrong state", r"in state", r"current transaction is aborted", r"foreign key constraint",
        (r"(?:is|was) not (?:running|open|connected|started|ready|initiali[sz]ed|registered|enabled|attached"
         r"|active|installed|mounted|logged|loaded|configured)"),
        (r"no (?:file|document|session|connection|page|database|project|transaction) (?:is )?(?:open|selected"
         r"|active|loaded|in progress|started)"),
        r"(?:use|run|call|execute|open|start) .{1,40} (?:command )?(?:first|before)\b",
        r"(?:has|have) (?:already )?been (?:closed|deleted|released|disposed|cancell?ed|operated)", r"stale element",
        r"not attached", r"already (?:closed|cancell?ed|completed|finished|started|running|deleted|processed)",
        r"(?:in|on|by) use by", r"depends on", r"dependenc(?:y|ies) (?:not|are)", r"not (?:enough|sufficient)",
        r"insufficient (?:funds|balance|seats|stock)", r"(?:^|: )non-?\w+ \w+ can ?not be",
        (r"can ?not be (?:modified|changed|cancell?ed|exchanged|returned|deleted|updated|performed) (?:because"
         r"|while|when|in|after|until)"),
        r"nothing to (?:commit|do|undo|lookup)", r"so you cannot",
        r"can(?: no longer|not|.t) be (?:transitioned|merged|cancell?ed|changed|edited)", r"not mergeable",
        r"must (?:first )?log ?in", r"not.in.channel", r"not interactable", r"\bhave not passed\b",
    )),
    (Cause.NOT_FOUND, 0.94, (
        r"not ?found\b",
        (r"no such (?:file|table|column|element|container|image|key|bucket|user|object|service|device|process"
         r"|index|entity|module|option|remote|ref|branch|package|tool|property|function|method|resource)"),
        r"does(?:n't| not) exist", r"do(?:n't| not) exist", r"not exist\b",
        (r"(?:unknown|undefined|invalid) (?:column|table|database|tool|command|variable|function|relation"
         r"|identifier|object name|host|user)"),
        r"no module named", r"cannot find (?:module|package|symbol|the)", r"can't find", r"could ?n[o']t find",
        r"unable to (?:find|locate)", r"cannot locate", r"cannot stat", r"no match(?:es|ing)?\b", r"no results?\b",
        r"undeclared", r"not been declared", r"is not (?:defined|recognized)", r"doesn't have a resource", r"nosuch",
        r"filenotfound", r"undefined reference", r"no rule to make", r"unable to resolve reference",
        r"modulenotfound", r"classnotfound", r"repository does not",
        r"not in (?:the )?(?:list|database|cluster|registry)",
    )),
    (Cause.INTERNAL, 0.9, (
        r"internal (?:server )?error", r"internalerror", r"segmentation fault", r"core dumped", r"\bsigsegv\b",
        r"bus error", r"null ?pointer", r"nil pointer", r"nonetype.? object", r"of (?:undefined|null)\b",
        r"\bpanic(?:ked)?\b", r"assertion .{1,40} failed", r"unhandled exception", r"unreachable code", r"bug in",
        r"is not a function", r"has no attribute", r"is not (?:iterable|callable|subscriptable)", r"stack overflow",
        r"maximum recursion", r"recursionerror", r"corrupt(?:ed|ion)?", r"unboundlocalerror", r"nameerror",
        r"attributeerror", r"keyerror",
    )),
    # Weak words, where nothing better was said.
    (Cause.INVALID_ARGUMENT, 0.7, (
        r"\binvalid\b", r"\billegal\b", r"\bincorrect\b", r"\bmalformed\b", r"\brequired?\b", r"\bmissing\b",
        r"\bexpected\b", r"\bunexpected\b", r"\bmismatch\b", r"typeerror", r"indexerror",
    )),
    (Cause.UNAVAILABLE, 0.65, (
        r"\bunavailable\b", r"\bunreachable\b", r"\boffline\b", r"not responding", r"connection",
    )),
    (Cause.TIMEOUT, 0.65, (
        r"\btime-?out\b", r"timeout",
    )),
    (Cause.PERMISSION, 0.65, (
        r"\bdenied\b", r"\bpermissions?\b", r"\bprivileges?\b", r"\bcredentials?\b", r"\bauthenticat", r"\bexpired\b",
    )),
    (Cause.NOT_FOUND, 0.65, (
        r"\bunknown\b", r"\bno such\b", r"\bnonexistent\b", r"\babsent\b",
    )),
    (Cause.PRECONDITION, 0.6, (
        r"can ?not be\b", r"can only be", r"only allowed", r"not allowed", r"\bfirst\b", r"\buntil\b",
    )),
    (Cause.RESOURCE_EXHAUSTED, 0.6, (
        r"\bquota\b", r"\bexceed(?:s|ed)?\b", r"too (?:long|large|big|many)", r"\bkilled\b",
    )),
)
# fmt: on
