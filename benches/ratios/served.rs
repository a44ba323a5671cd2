//! What the tests know about scripted models and real agents.

#[path = "../../tests/common/http_request.rs"]
pub mod http_request;
#[path = "../../tests/common/model/mod.rs"]
pub mod model;
#[path = "../../tests/real_agents/agents.rs"]
pub mod real;
