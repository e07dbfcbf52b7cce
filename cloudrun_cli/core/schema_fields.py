"""The fields of a v1 Service and a v1 Job, message by message. Source: run.googleapis.com v1 (the discovery document),
with the two timeouts that Knative has besides.

A type is `string`, `int`, `int64` (also written as a string), `bool`, `quantity` (a string or a number), `map` (string
to string), `quantities`, `any`, `no` (a field of Kubernetes that Cloud Run does not support), or a message; `[]` behind
it makes it a list.
"""

_SERVICE = """
Service: apiVersion=string kind=string metadata=ObjectMeta spec=ServiceSpec status=ServiceStatus
ObjectMeta: annotations=map clusterName=string creationTimestamp=any deletionGracePeriodSeconds=int64
  deletionTimestamp=any finalizers=string[] generateName=string generation=int64 labels=map managedFields=any
  name=string namespace=string ownerReferences=OwnerReference[] resourceVersion=string selfLink=string uid=string
OwnerReference: apiVersion=string blockOwnerDeletion=bool controller=bool kind=string name=string uid=string
ServiceSpec: template=RevisionTemplate traffic=TrafficTarget[]
RevisionTemplate: metadata=ObjectMeta spec=RevisionSpec
TrafficTarget: configurationName=string latestRevision=bool percent=int revisionName=string tag=string url=string
ServiceStatus: address=Addressable conditions=Condition[] latestCreatedRevisionName=string
  latestReadyRevisionName=string observedGeneration=int64 traffic=TrafficTarget[] url=string
Addressable: url=string
Condition: lastTransitionTime=string message=string reason=string severity=string status=string type=string
RevisionSpec: containerConcurrency=int containers=Container[] enableServiceLinks=bool idleTimeoutSeconds=int
  imagePullSecrets=LocalObjectReference[] nodeSelector=map responseStartTimeoutSeconds=int runtimeClassName=string
  serviceAccountName=string timeoutSeconds=int volumes=Volume[]
LocalObjectReference: name=string
"""

_JOB = """
Job: apiVersion=string kind=string metadata=ObjectMeta spec=JobSpec status=JobStatus
JobSpec: runExecutionToken=string startExecutionToken=string template=ExecutionTemplateSpec
ExecutionTemplateSpec: metadata=ObjectMeta spec=ExecutionSpec
ExecutionSpec: parallelism=int taskCount=int template=TaskTemplateSpec
TaskTemplateSpec: spec=TaskSpec
TaskSpec: containers=Container[] maxRetries=int nodeSelector=map serviceAccountName=string timeoutSeconds=int64
  volumes=Volume[]
JobStatus: conditions=Condition[] executionCount=int latestCreatedExecution=ExecutionReference observedGeneration=int64
ExecutionReference: completionStatus=string completionTimestamp=any creationTimestamp=any deletionTimestamp=any
  name=string
"""

_CONTAINER = """
Container: args=string[] command=string[] env=EnvVar[] envFrom=no image=string imagePullPolicy=string
  livenessProbe=Probe name=string ports=ContainerPort[] readinessProbe=Probe resources=ResourceRequirements
  securityContext=any startupProbe=Probe terminationMessagePath=string terminationMessagePolicy=string
  volumeMounts=VolumeMount[] workingDir=string
EnvVar: name=string value=string valueFrom=EnvVarSource
EnvVarSource: configMapKeyRef=no fieldRef=no resourceFieldRef=no secretKeyRef=SecretKeySelector
SecretKeySelector: key=string localObjectReference=LocalObjectReference name=string optional=bool
ContainerPort: containerPort=int name=string protocol=string
ResourceRequirements: limits=quantities requests=quantities
VolumeMount: mountPath=string name=string readOnly=bool subPath=string
Probe: exec=no failureThreshold=int grpc=GRPCAction httpGet=HTTPGetAction initialDelaySeconds=int periodSeconds=int
  successThreshold=int tcpSocket=TCPSocketAction terminationGracePeriodSeconds=no timeoutSeconds=int
GRPCAction: port=int service=string
HTTPGetAction: host=string httpHeaders=HTTPHeader[] path=string port=int scheme=string
HTTPHeader: name=string value=string
TCPSocketAction: host=string port=int
Volume: configMap=no csi=CSIVolumeSource emptyDir=EmptyDirVolumeSource hostPath=no name=string nfs=NFSVolumeSource
  persistentVolumeClaim=no projected=no secret=SecretVolumeSource
CSIVolumeSource: driver=string readOnly=bool volumeAttributes=map
EmptyDirVolumeSource: medium=string sizeLimit=quantity
NFSVolumeSource: path=string readOnly=bool server=string
SecretVolumeSource: defaultMode=int items=KeyToPath[] optional=bool secretName=string
KeyToPath: key=string mode=int path=string
"""


def _read(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    fields: dict[str, str] = {}
    for word in text.split():
        if word.endswith(":"):
            fields = found[word[:-1]] = {}
        else:
            name, _, kind = word.partition("=")
            fields[name] = kind
    return found


MESSAGES = _read(_SERVICE + _JOB + _CONTAINER)

# Fields without which a message means nothing; of the rest, `core/validation.py` says more.
REQUIRED: dict[str, tuple[str, ...]] = {
    "CSIVolumeSource": ("driver",),
    "ContainerPort": ("containerPort",),
    "EnvVar": ("name",),
    "ExecutionSpec": ("template",),
    "ExecutionTemplateSpec": ("spec",),
    "HTTPHeader": ("name",),
    "Job": ("metadata", "spec"),
    "JobSpec": ("template",),
    "KeyToPath": ("key", "path"),
    "NFSVolumeSource": ("server", "path"),
    "ObjectMeta": (),
    "RevisionSpec": ("containers",),
    "RevisionTemplate": ("spec",),
    "SecretKeySelector": ("key",),
    "SecretVolumeSource": ("secretName",),
    "Service": ("metadata", "spec"),
    "ServiceSpec": ("template",),
    "TaskSpec": ("containers",),
    "TaskTemplateSpec": ("spec",),
    "Volume": ("name",),
    "VolumeMount": ("name", "mountPath"),
}
