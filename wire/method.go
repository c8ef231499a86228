package wire

// The methods that are served, asked for or relayed. What a client answers is package tasks' (InputRequest).
const (
	MethodInitialize             = "initialize"
	MethodPing                   = "ping"
	MethodServerDiscover         = "server/discover"
	MethodToolsList              = "tools/list"
	MethodToolsCall              = "tools/call"
	MethodTasksGet               = "tasks/get"
	MethodTasksUpdate            = "tasks/update"
	MethodTasksCancel            = "tasks/cancel"
	MethodTasksResult            = "tasks/result"
	MethodTasksList              = "tasks/list"
	MethodSubscriptionsListen    = "subscriptions/listen"
	MethodResourcesList          = "resources/list"
	MethodResourcesTemplatesList = "resources/templates/list"
	MethodResourcesRead          = "resources/read"
	MethodResourcesSubscribe     = "resources/subscribe"
	MethodResourcesUnsubscribe   = "resources/unsubscribe"
	MethodPromptsList            = "prompts/list"
	MethodPromptsGet             = "prompts/get"
	MethodCompletionComplete     = "completion/complete"
	MethodLoggingSetLevel        = "logging/setLevel"
)

// The notifications that are sent or heard.
const (
	NoticeInitialized               = "notifications/initialized"
	NoticeCancelled                 = "notifications/cancelled"
	NoticeProgress                  = "notifications/progress"
	NoticeMessage                   = "notifications/message"
	NoticeTasks                     = "notifications/tasks"
	NoticeTasksStatus               = "notifications/tasks/status"
	NoticeResourcesUpdated          = "notifications/resources/updated"
	NoticeSubscriptionsAcknowledged = "notifications/subscriptions/acknowledged"
)
