// Quickstart asks before a call, makes it, and tells how it went:
//
//	FOREWARN_ADDRESS=unix:/run/user/1000/forewarn/guard.sock go run ./examples/quickstart /no/such/file
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/durationpb"

	forewarn "forewarn.dev/forewarn/v1"
)

func main() {
	path := "/no/such/file"
	if len(os.Args) > 1 {
		path = os.Args[1]
	}
	connection, err := grpc.NewClient(os.Getenv("FOREWARN_ADDRESS"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	guard := forewarn.NewGuardServiceClient(connection)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()

	arguments, _ := json.Marshal(map[string]string{"path": path})
	call := &forewarn.Call{Tool: "os.Stat", ArgumentsJson: string(arguments), SessionId: "quickstart"}
	answer, err := guard.ShouldPrevent(ctx, &forewarn.ShouldPreventRequest{Call: call})
	if err != nil {
		log.Print("no decision, so the call is made: ", err)
	}
	decision := answer.GetDecision()
	if decision.GetVerdict() == forewarn.Verdict_VERDICT_PREVENT {
		fmt.Println("prevented:", decision.GetReasons()[0].GetSummary(), decision.GetRemedy())
		return
	}

	start := time.Now()
	_, failure := os.Stat(path)
	result := &forewarn.CallResult{Outcome: forewarn.Outcome_OUTCOME_SUCCESS, Duration: durationpb.New(time.Since(start))}
	if failure != nil {
		result.Outcome, result.Error = forewarn.Outcome_OUTCOME_FAILURE, failure.Error()
		if number := syscall.Errno(0); errors.As(failure, &number) && number == syscall.ENOENT {
			result.ErrorCode = "ENOENT"
		}
	}
	record := &forewarn.RecordCallRequest{Call: call, Result: result, DecisionId: decision.GetDecisionId()}
	recorded, err := guard.RecordCall(ctx, record)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("recorded %s: %s %s\n", recorded.GetCallId(), recorded.GetClassification().GetCategory(), result.ErrorCode)
}
