#!/usr/bin/env python3
"""Writes classes that implement every pure virtual function of TensorRT's implementation tables by ending the process:
stubs.py HEADERS OUT. The doubles derive from them and override what the plug-ins may call, so they compile with every
header set, and a plug-in that calls anything else is found out."""
import pathlib
import re
import sys

CLASSES = [("NvInferImpl.h", "nvinfer1::apiv", name) for name in (
    "VHostMemory", "VTensor", "VNetworkDefinition", "VTimingCache", "VBuilderConfig", "VBuilder", "VExecutionContext",
    "VCudaEngine", "VRuntime")]
CLASSES += [("NvOnnxParser.h", "nvonnxparser", name) for name in ("IParserError", "IParser")]


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


def without_defaults(parameters):
    return re.sub(r"\s*=\s*(nullptr|-?\d+|true|false)", "", parameters)


def main(headers, out):
    texts = {}
    lines = ["#pragma once", "#include <NvInfer.h>", "#include <NvOnnxParser.h>",
             "[[noreturn]] void fake_unexpected(const char *function) noexcept;"]
    for header, namespace, name in CLASSES:
        text = texts.setdefault(header, without_comments((headers / header).read_text()))
        body = re.search(r"class %s\b[^;{]*\{(.*?)\n\};" % name, text, flags=re.S).group(1)
        # Signatures are written from inside their namespaces.
        lines.append("namespace %s {\nstruct Stub%s : %s {" % (namespace, name[1:], name))
        for function in re.finditer(r"(?:TRT_\w+\s+)*virtual\s+([^;{}]*?)\s*=\s*0\s*;", body):
            signature = re.sub(r"\s+", " ", function.group(1))
            called = re.match(r".*?[\s*&](\w+)\(", signature).group(1)
            lines.append("%s override { fake_unexpected(\"%s::%s\"); }" % (without_defaults(signature), name, called))
        lines.append("};\n}")
    out.write_text("\n".join(lines) + "\n")


main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
