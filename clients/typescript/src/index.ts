// What a tool runtime needs to talk to the Forewarn daemon: services, messages, and a way to reach it.

export { AdminService } from "./gen/forewarn/v1/admin_pb.js";
export { GuardService } from "./gen/forewarn/v1/guard_pb.js";
export * from "./gen/forewarn/v1/model_pb.js";
export { connectTo } from "./connect.js";
