-- Healthy once it ended with a model; Degraded once it ended without one or was refused; Suspended while it is paused.
local health = {status = "Progressing", message = "Waiting for the operator."}
if obj.metadata.deletionTimestamp ~= nil then
  health.message = "Being deleted."
  return health
end
if obj.status == nil or obj.status.conditions == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end
local found = {}
for _, condition in ipairs(obj.status.conditions) do
  found[condition.type] = condition
end
local succeeded, stalled = found["Succeeded"], found["Stalled"]
if succeeded == nil then
  return health
end
health.message = succeeded.reason .. ": " .. succeeded.message
if stalled ~= nil and stalled.status == "True" then
  health.status = "Degraded"
elseif succeeded.status == "True" then
  health.status = "Healthy"
elseif succeeded.reason == "Suspended" then
  health.status = "Suspended"
end
return health
