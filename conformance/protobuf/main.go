// Command protobuf writes samples of every kind as upstream's own types write them: lines of group/version/kind, JSON, and protobuf in
// base64, gzipped to stdout. `crates/api/tests/protobuf.rs` holds the transcoder against them.
//
//	go run . > ../../crates/api/tests/protobuf.gz
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"reflect"
	"sort"
	"strings"
	"time"

	apidiscovery "k8s.io/api/apidiscovery/v2"
	corev1 "k8s.io/api/core/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// mode says how an object is filled.
type mode int

const (
	empty mode = iota // nothing is set
	bare              // everything is set, to zero values: pointers, lists and maps of one item
	full              // everything has a value
)

// filler sets fields by reflection; every value is another one.
type filler struct {
	mode    mode
	deepest int // bounds types that contain themselves, and the size of the samples
	n       int64
}

func (f *filler) fill(v reflect.Value, depth int) {
	f.n++
	switch x := v.Addr().Interface().(type) {
	case *metav1.TypeMeta:
		return
	case *corev1.PodSpec: // in full as part of a Pod
		if f.mode == full && depth > 2 {
			return
		}
	case *metav1.Time:
		if f.mode == full {
			x.Time = time.Unix(1700000000+f.n, 0).UTC()
		}
		return
	case *metav1.MicroTime:
		if f.mode == full {
			x.Time = time.Unix(-f.n, f.n*1000).UTC()
		}
		return
	case *metav1.Duration:
		if f.mode == full {
			x.Duration = time.Duration(f.n) * 1500 * time.Millisecond
		}
		return
	case *resource.Quantity:
		if f.mode == full {
			*x = resource.MustParse(fmt.Sprintf("%dm", f.n))
		}
		return
	case *intstr.IntOrString:
		if f.mode == full {
			*x = intstr.FromString(fmt.Sprint("s", f.n))
			if f.n%2 == 0 {
				*x = intstr.FromInt32(int32(-f.n))
			}
		}
		return
	case *runtime.RawExtension:
		if f.mode == full {
			x.Raw = fmt.Appendf(nil, `{"kind":"K","n":[%d,null,1.5]}`, f.n)
		}
		return
	case *metav1.FieldsV1:
		x.Raw = fmt.Appendf(nil, `{"f:a":{"f:b%d":{}}}`, f.n)
		return
	case *apiextensions.JSON:
		if f.mode == full {
			x.Raw = fmt.Appendf(nil, `{"a":%d}`, f.n)
		}
		return
	case *apiextensions.JSONSchemaPropsOrBool:
		x.Allows = f.n%2 == 0
		if f.mode == full && depth < f.deepest {
			x.Allows, x.Schema = true, &apiextensions.JSONSchemaProps{Type: fmt.Sprint("s", f.n)}
		}
		return
	case *apiextensions.JSONSchemaPropsOrArray:
		x.Schema = &apiextensions.JSONSchemaProps{Type: fmt.Sprint("s", f.n)}
		if f.mode == full && f.n%2 == 0 {
			x.Schema, x.JSONSchemas = nil, []apiextensions.JSONSchemaProps{{Type: "a"}, {Type: "b"}}
		}
		return
	case *apiextensions.JSONSchemaPropsOrStringArray:
		x.Schema = &apiextensions.JSONSchemaProps{Type: fmt.Sprint("s", f.n)}
		if f.mode == full && f.n%2 == 0 {
			x.Schema, x.Property = nil, []string{"a", fmt.Sprint("s", f.n)}
		}
		return
	}
	if f.mode == empty || depth > f.deepest {
		return
	}
	f.plain(v, depth)
}

func (f *filler) plain(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := 0; i < v.NumField(); i++ {
			if v.Type().Field(i).IsExported() {
				f.fill(v.Field(i), depth+1)
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), depth+1)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes(fmt.Appendf(nil, "\xff%d", f.n))
			return
		}
		n := int(f.mode)
		if depth > 4 {
			n = 1
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := 0; i < v.Len(); i++ {
			f.fill(v.Index(i), depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for i := 0; i < int(f.mode); i++ {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.fill(value, depth+1)
			key.SetString(fmt.Sprint("k", 9-i))
			v.SetMapIndex(key, value)
		}
	}
	if f.mode != full {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("s", f.n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(-f.n)
	case reflect.Float64:
		v.SetFloat(float64(f.n) + 0.5)
	}
}

// sample is an object of a kind as JSON and as protobuf.
func sample(codec *protobuf.Serializer, gvk schema.GroupVersionKind, t reflect.Type, m mode) (string, string, error) {
	object := reflect.New(t)
	f := filler{mode: m, deepest: 14}
	switch {
	case strings.HasSuffix(gvk.Kind, "List"):
		f.deepest = 4 // its items are kinds themselves
	case gvk.Kind == "CustomResourceDefinition":
		f.deepest = 9 // schemas in schemas
	}
	f.fill(object.Elem(), 0)
	// What JSON does not say is not to be had: through it once.
	said, err := json.Marshal(object.Interface())
	if err != nil {
		return "", "", err
	}
	again := reflect.New(t).Interface().(runtime.Object)
	if err := json.Unmarshal(said, again); err != nil {
		return "", "", err
	}
	again.GetObjectKind().SetGroupVersionKind(gvk)
	text, err := json.Marshal(again)
	if err != nil {
		return "", "", err
	}
	var wire bytes.Buffer
	if err := codec.Encode(again, &wire); err != nil {
		return "", "", err
	}
	return string(text), base64.StdEncoding.EncodeToString(wire.Bytes()), nil
}

// served says which versions Podium has.
func served(gvk schema.GroupVersionKind, t reflect.Type) bool {
	switch gvk.Group {
	case "admission.k8s.io", "lifecycle.k8s.io", "imagepolicy.k8s.io", "extensions", "internal.apiserver.k8s.io":
		return false
	}
	beta := strings.Contains(gvk.Version, "alpha") || strings.Contains(gvk.Version, "beta") || gvk.Version == runtime.APIVersionInternal
	meta := strings.HasSuffix(t.PkgPath(), "apis/meta/v1") && gvk.Group != "" && gvk.Group != "meta.k8s.io"
	if strings.HasPrefix(gvk.Kind, "Table") { // has no protobuf form
		return false
	}
	return (!beta || gvk.String() == "scheduling.k8s.io/v1alpha3") && !meta
}

func main() {
	log.SetFlags(0)
	s := scheme.Scheme
	for _, add := range []func(*runtime.Scheme) error{apiextensions.AddToScheme, apiregistration.AddToScheme, apidiscovery.AddToScheme, metav1.AddMetaToScheme} {
		if err := add(s); err != nil {
			log.Fatal(err)
		}
	}
	codec := protobuf.NewSerializer(s, s)
	out := gzip.NewWriter(os.Stdout)
	known := s.AllKnownTypes()
	kinds := make([]schema.GroupVersionKind, 0, len(known))
	for gvk, t := range known {
		if served(gvk, t) {
			kinds = append(kinds, gvk)
		}
	}
	sort.Slice(kinds, func(i, j int) bool { return kinds[i].String() < kinds[j].String() })
	for _, gvk := range kinds {
		for _, m := range []mode{empty, bare, full} {
			text, wire, err := sample(codec, gvk, known[gvk], m)
			if err != nil {
				log.Printf("%v: %v", gvk, err)
				continue
			}
			fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", gvk.GroupVersion(), gvk.Kind, text, wire)
		}
	}
	if err := out.Close(); err != nil {
		log.Fatal(err)
	}
}
