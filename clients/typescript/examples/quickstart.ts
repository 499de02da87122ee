// Asks before a call, makes it, and tells how it went:
//   FOREWARN_ADDRESS=unix:/run/user/1000/forewarn/guard.sock npm run quickstart -- /no/such/file
import { stat } from "node:fs/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { connectTo, GuardService, Outcome, Verdict } from "../src/index.js";

const guard = connectTo(GuardService, process.env.FOREWARN_ADDRESS ?? "127.0.0.1:7621");
const path = process.argv[2] ?? "/no/such/file";
const call = { tool: "fs.stat", argumentsJson: JSON.stringify({ path }), sessionId: "quickstart" };

const decision = await shouldPrevent();
if (decision?.verdict === Verdict.PREVENT) {
  console.log(`prevented: ${decision.reasons[0]?.summary} ${decision.remedy}`);
} else {
  const start = performance.now();
  const error: NodeJS.ErrnoException | undefined = await stat(path).then(() => undefined, (thrown) => thrown);
  const milliseconds = performance.now() - start;
  const { callId } = await guard.recordCall({
    call,
    decisionId: decision?.decisionId ?? "",
    result: {
      outcome: error ? Outcome.FAILURE : Outcome.SUCCESS,
      error: error?.message ?? "",
      errorCode: error?.code ?? "",
      duration: { seconds: 0n, nanos: Math.round(milliseconds * 1e6) },
    },
  });
  console.log(`recorded ${callId}: ${error ? `failure ${error.code}` : "success"}`);
}

// A runtime that cannot reach the daemon makes the call all the same.
async function shouldPrevent() {
  try {
    return (await guard.shouldPrevent({ call })).decision;
  } catch (error) {
    if (ConnectError.from(error).code !== Code.Unavailable) throw error;
    return undefined;
  }
}
