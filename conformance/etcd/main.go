// etcd, for the pod of the aggregated API server: upstream's own server behind its usual flags.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
