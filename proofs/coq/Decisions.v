(** What the models of a program prove of a formula, and where it is still to be proved. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Floats Arith.
From Certify Require Import Language Intervals Arithmetic Bounds Rounding Vectors Quadratics Narrowing.
From Certify Require Import Polynomials Models Operations Names Programs.
Import ListNotations.
Local Open Scope R_scope.

(** What a program does at a node: whether errors of its components get names, whether the formula is
    tried after it, and whether in degree 1 it keeps squares.  Any choice is sound. *)
Record stage := Stage { naming : bool; trying : bool; bending : bool; what : node interval }.

(** What is proved before the last [r] nodes are known; an atom that needs them is not. *)
Inductive answer := Proved | Open (left : list interval).
Section Formulas.
Variables (n degree : nat).                                  (* n: the number of variables *)

(* Inside Coq both sides of [||] are computed: where that is long, this is the same. *)
Local Notation "a ||| b" := (if a then true else b) (at level 50, left associativity).
Local Notation "a &&& b" := (if a then b else false) (at level 40, left associativity).
Definition sharper (test : float -> bool) (p : poly) : bool :=
  match squares p with [] => false | _ => test (poly_least p) end.
Definition above_zero (m : model) : bool := positive (range m) ||| sharper (is_lt 0) (body m).
Definition not_below_zero (m : model) : bool := nonnegative (range m) ||| sharper (is_le 0) (body m).

(** What is left to be proved of a formula: atoms that are known are decided, once. *)
Inductive pending := Done | Never | Wait (f : formula).
Definition decided (b : bool) : pending := if b then Done else Never.
Fixpoint sift (r : nat) (e : env) (f : formula) : pending :=
  let reach k m := if Nat.leb r k
    then decided match get (k - r) e with [Some m'] => m m' | _ => false end else Wait f in
  match f with
  | Positive k => reach k above_zero
  | Nonnegative k => reach k not_below_zero
  | Defined k => reach k (fun _ => true)
  | And a b =>
    match sift r e a with
    | Done => sift r e b
    | Never => Never
    | Wait a => match sift r e b with Done => Wait a | Never => Never | Wait b => Wait (And a b) end
    end
  | Or a b =>
    match sift r e a with
    | Done => Done
    | Never => sift r e b
    | Wait a => match sift r e b with Done => Done | Never => Wait a | Wait b => Wait (Or a b) end
    end
  end.

(** Where the variables are if no guard, an alternative that is an atom, is positive. *)
Fixpoint meets (a b : list interval) : list interval :=
  match a, b with
  | [], b => b
  | a, [] => a
  | i :: a, j :: b => meet i j :: meets a b
  end.
Fixpoint confined (r : nat) (e : env) (f : formula) : list interval :=
  let reach k := if Nat.leb r k then
    match get (k - r) e with [Some m] => poly_cuts n (body m) | _ => [] end else [] in
  match f with
  | Positive k | Nonnegative k => reach k
  | Or a b => meets (confined r e a) (confined r e b)
  | _ => []
  end.
Definition worth (l : list interval) : bool :=
  existsb (fun i => is_lt (width i) 0x1.e666666666666p+0) l.

(** The formula is tried after the nodes that say so, and at the end; with [narrowing], what is left
    of the box is the answer as soon as it is less than most of it.  [kept]: where the variables are
    if no guard so far is positive. *)
Fixpoint decide (narrowing : bool) (x : list model) (k : nat) (p : list stage) (e : env)
  (f : formula) (kept : list interval) : answer :=
  match p with
  | [] =>
    match sift 0 e f with
    | Done => Proved
    | _ => Open (if narrowing then meets kept (confined 0 e f) else [])
    end
  | s :: p' =>
    let bent := match degree with 1%nat => bending s | _ => false end in
    let v := if bent then evaluate_bent degree x e (what s) else evaluate_models degree x e (what s) in
    let e' := bind (if naming s then name_all k v else v) e in
    let k' := if naming s then (k + length v)%nat else k in
    if trying s then
      let r := length p' in
      match sift r e' f with
      | Done => Proved
      | more =>
        let left := if narrowing then meets kept (confined r e' f) else [] in
        if worth left then Open left else
        match more with
        | Wait f' => decide narrowing x k' p' e' f' left
        | _ => Open left
        end
      end
    else decide narrowing x k' p' e' f kept
  end.
End Formulas.

(** * Soundness *)

Definition compiled (p : list (bool * bool * bool * node Q)) : list stage :=
  map (fun bn => let '(a, b, c, n) := bn in Stage a b c (compile n)) p.

Lemma positive_lower l v : lower l v -> is_lt 0 l = true -> 0 < v.
Proof. intros L H. rewrite <- toR_0. eapply lt_finite; eauto. Qed.
Lemma nonnegative_lower l v : lower l v -> is_le 0 l = true -> 0 <= v.
Proof. intros L H. rewrite <- toR_0. eapply le_finite; eauto. Qed.
Lemma sharper_ok z test p v : (forall i, in_unit (z i)) -> describes z p v ->
  sharper test p = true -> exists l, lower l v /\ test l = true.
Proof.
  intros Z D. unfold sharper. destruct (squares p); [discriminate|]. intros H.
  exists (poly_least p). split; auto. now apply (poly_least_ok z Z).
Qed.
Lemma above_zero_ok z m v : (forall i, in_unit (z i)) -> models z m v ->
  above_zero m = true -> 0 < v.
Proof.
  intros Z M H. unfold above_zero in H. apply orb_prop in H; destruct H as [H|H].
  { eapply positive_ok; eauto. apply M. }
  destruct M as [T1 T2].
  destruct (sharper_ok z _ _ _ Z T2 H) as [l [L E]]. eapply positive_lower; eauto.
Qed.
Lemma not_below_zero_ok z m v : (forall i, in_unit (z i)) -> models z m v ->
  not_below_zero m = true -> 0 <= v.
Proof.
  intros Z M H. unfold not_below_zero in H. apply orb_prop in H; destruct H as [H|H].
  { eapply nonnegative_ok; eauto. apply M. }
  destruct M as [T1 T2].
  destruct (sharper_ok z _ _ _ Z T2 H) as [l [L E]]. eapply nonnegative_lower; eauto.
Qed.

Lemma atom_ok z r e es l j (test : model -> bool) : length l = r -> describes_env z e es ->
  Nat.leb r j = true -> match get (j - r) e with [Some m] => test m | _ => false end = true ->
  exists v m, nth j (l ++ es) [] = [Some v] /\ models z m v /\ test m = true.
Proof.
  intros L E H1 H. apply Nat.leb_le in H1. rewrite app_nth2 by lia. rewrite L.
  pose proof (get_ok z _ _ E (j - r)) as M.
  destruct M as [|m a t t' Ma M]; [discriminate|]. destruct m as [m|]; [|discriminate].
  destruct M; [|discriminate]. destruct Ma as [v [-> Ma]]. eauto.
Qed.
Definition remains (p : pending) (e : list vector) : Prop :=
  match p with Done => True | Never => False | Wait f => truth e f end.
Lemma sift_ok z r e es l f : (forall i, in_unit (z i)) -> length l = r ->
  describes_env z e es -> remains (sift r e f) (l ++ es) -> truth (l ++ es) f.
Proof.
  intros Z L E. induction f; cbn [sift]; cbv zeta; intros H.
  - destruct (Nat.leb r k) eqn:K; [|exact H]. unfold decided in H.
    destruct (match get _ _ with [Some m] => above_zero m | _ => false end) eqn:T; [|destruct H].
    destruct (atom_ok _ _ _ _ _ _ _ L E K T) as (v & m & N & M & P).
    exists v. split; auto. eapply above_zero_ok; eauto.
  - destruct (Nat.leb r k) eqn:K; [|exact H]. unfold decided in H.
    destruct (match get _ _ with [Some m] => not_below_zero m | _ => false end) eqn:T; [|destruct H].
    destruct (atom_ok _ _ _ _ _ _ _ L E K T) as (v & m & N & M & P).
    exists v. split; auto. eapply not_below_zero_ok; eauto.
  - destruct (Nat.leb r k) eqn:K; [|exact H]. unfold decided in H.
    destruct (match get _ _ with [Some m] => true | _ => false end) eqn:T; [|destruct H].
    destruct (atom_ok _ _ _ _ _ _ (fun _ => true) L E K T) as (v & m & N & M & P). simpl. eauto.
  - simpl. destruct (sift r e f1) as [| |a]; simpl in *; auto; [tauto|].
    destruct (sift r e f2) as [| |b]; simpl in *; tauto.
  - simpl. destruct (sift r e f1) as [| |a]; simpl in *; auto.
    destruct (sift r e f2) as [| |b]; simpl in *; tauto.
Qed.

(** [z] is where a list of intervals says. *)
Definition inside (z : nat -> R) (l : list interval) : Prop :=
  forall j i, nth_error l j = Some i -> contains i (z j).
Lemma inside_nil z : inside z []. Proof. intros [|j] i H; discriminate. Qed.
Lemma meets_ok z a : forall b, inside z a -> inside z b -> inside z (meets a b).
Proof.
  revert z. induction a as [|i a IH]; intros z b A B; simpl; auto. destruct b as [|j b]; auto.
  intros [|n] y H; simpl in H.
  - inversion H; subst. apply meet_ok; [apply (A O)|apply (B O)]; reflexivity.
  - apply (IH (fun n => z (S n)) b) with (j := n); auto.
    + intros q w Q. apply (A (S q)); auto.
    + intros q w Q. apply (B (S q)); auto.
Qed.
Lemma confined_ok n z r e es l f : (forall i, in_unit (z i)) -> length l = r ->
  describes_env z e es -> truth (l ++ es) f \/ inside z (confined n r e f).
Proof.
  intros Z L E.
  assert (A : forall k, let c := (if Nat.leb r k then
      match get (k - r) e with [Some m] => poly_cuts n (body m) | _ => [] end else []) in
    (exists v, nth k (l ++ es) [] = [Some v] /\ 0 < v) \/ inside z c).
  { intros k. cbv zeta. destruct (Nat.leb_spec r k) as [H1|H1]; [|right; apply inside_nil].
    rewrite app_nth2 by lia. rewrite L.
    pose proof (get_ok z _ _ E (k - r)) as M.
    destruct M as [|m a t t' Ma M]; [right; apply inside_nil|].
    destruct m as [m|]; [|right; apply inside_nil].
    destruct M; [|right; apply inside_nil]. destruct Ma as [v [-> Ma]].
    destruct (Rlt_dec 0 v) as [P|P]; [left; eauto|right].
    intros j i. apply (poly_cuts_ok z Z n _ v); [apply Ma|lra]. }
  induction f; simpl; try (right; apply inside_nil).
  - apply A.
  - destruct (A k) as [[v [N P]]|C]; auto. left. exists v. split; auto. lra.
  - destruct IHf1 as [T|C1]; auto. destruct IHf2 as [T|C2]; auto. right. now apply meets_ok.
Qed.

Lemma cuts_length n : forall s l, (length (Narrowing.cuts n s l) <= n)%nat.
Proof. induction n; intros s [|p l]; simpl; try lia. specialize (IHn (add_down s (Quadratics.least_of p)) l). lia. Qed.
Lemma poly_cuts_length n p : (length (poly_cuts n p) <= n)%nat.
Proof. unfold poly_cuts. destruct coordinates_of; [apply cuts_length|simpl; lia]. Qed.
Lemma meets_length n a : forall b, (length a <= n -> length b <= n -> length (meets a b) <= n)%nat.
Proof.
  revert n. induction a as [|i a IH]; intros n [|j b] A B; simpl in *; auto.
  destruct n; [lia|]. specialize (IH n b). lia.
Qed.
Lemma confined_length n r e f : (length (confined n r e f) <= n)%nat.
Proof.
  induction f; simpl; try lia.
  - destruct Nat.leb; simpl; try lia. destruct (get _ e) as [|[m|] [|]]; simpl; try lia.
    apply poly_cuts_length.
  - destruct Nat.leb; simpl; try lia. destruct (get _ e) as [|[m|] [|]]; simpl; try lia.
    apply poly_cuts_length.
  - now apply meets_length.
Qed.
Lemma inside_agree n z z' l : (length l <= n)%nat -> agree n z z' -> inside z' l -> inside z l.
Proof.
  intros L A I j i H. rewrite <- (A j); auto.
  assert (j < length l)%nat by (apply nth_error_Some; congruence). lia.
Qed.

(** What an answer says at the point with the coordinates [z]. *)
Definition right_answer (z : nat -> R) (a : answer) (goal : Prop) : Prop :=
  match a with Proved => goal | Open l => goal \/ inside z l end.

Lemma decide_length n degree narrowing x p : forall k e f kept l, (length kept <= n)%nat ->
  decide n degree narrowing x k p e f kept = Open l -> (length l <= n)%nat.
Proof.
  assert (M : forall (r : nat) e f kept, (length kept <= n)%nat ->
    (length (if narrowing then meets kept (confined n r e f) else []) <= n)%nat).
  { intros r e f kept K. destruct narrowing; [apply meets_length; auto; apply confined_length|simpl; lia]. }
  induction p as [|s p IH]; intros k e f kept l K D; cbn [decide] in D; cbv zeta in D.
  - destruct sift; try discriminate; inversion D; subst; auto.
  - destruct (trying s); [|now apply IH in D]. destruct sift; try discriminate;
      (destruct worth; [inversion D; subst; auto|]); [inversion D; subst; auto|].
    apply IH in D; auto.
Qed.

Theorem decide_ok n degree narrowing xs t x (goal : Prop) p : proper t -> forall z k e es f kept,
  (n <= k)%nat -> (forall i, in_unit (z i)) -> (length kept <= n)%nat ->
  (forall z', agree k z z' -> (forall i, in_unit (z' i)) -> Forall2 (models z') x xs) ->
  (forall z', agree k z z' -> (forall i, in_unit (z' i)) -> describes_env z' e es) ->
  (truth (run xs t (map snd p) es) f -> goal) -> goal \/ inside z kept ->
  right_answer z (decide n degree narrowing x k (compiled p) e f kept) goal.
Proof.
  intros T.
  assert (Left : forall z (r : nat) e f kept, goal \/ inside z kept ->
    goal \/ inside z (confined n r e f) ->
    goal \/ inside z (if narrowing then meets kept (confined n r e f) else [])).
  { intros z r e f kept [G|A] [G'|B]; auto. right. destruct narrowing; [now apply meets_ok|apply inside_nil]. }
  induction p as [|[[[b try] bd] c] p IH]; intros z k e es f kept Nk Z Lk X E Is K0.
  { simpl. pose proof (E z (fun i _ => eq_refl) Z) as E0. simpl in Is.
    pose proof (sift_ok z 0 e es [] f Z eq_refl E0) as S. simpl in S.
    assert (C : goal \/ inside z (confined n 0 e f)).
    { destruct (confined_ok n z 0 e es [] f Z eq_refl E0); auto. }
    pose proof (Left z O e f kept K0 C) as O. destruct (sift 0 e f); simpl in *; auto. }
  pose proof (X z (fun i _ => eq_refl) Z) as X0. pose proof (E z (fun i _ => eq_refl) Z) as E0.
  change (compiled ((b, try, bd, c) :: p)) with (Stage b try bd (compile c) :: compiled p).
  cbn [map snd decide naming trying bending what run] in Is |- *. cbv zeta.
  set (bent := match degree with 1%nat => bd | _ => false end).
  set (v := if bent then _ else _). set (vs := evaluate xs (t (length es)) es c) in *.
  assert (V : forall z', agree k z z' -> (forall i, in_unit (z' i)) -> describes_row z' v vs).
  { intros z' A Z'. unfold v. destruct bent;
      [apply (evaluate_bent_ok degree z' x xs (t (length es)) e es c Z' (T _))|
       apply (evaluate_ok degree z' x xs (t (length es)) e es c Z' (T _))]; auto. }
  assert (N : exists z1, (forall i, in_unit (z1 i)) /\ agree k z z1 /\
    forall z', agree (if b then k + length v else k) z1 z' -> (forall i, in_unit (z' i)) ->
      describes_row z' (if b then name_all k v else v) vs).
  { destruct b; [now apply name_all_ok|]. exists z. split; auto. split; auto. intros i _. reflexivity. }
  destruct N as [z1 [Z1 [A1 R1]]].
  set (k' := if b then (k + length v)%nat else k) in *.
  assert (K : (k <= k')%nat) by (unfold k'; destruct b; lia).
  set (e' := bind (if b then name_all k v else v) e).
  assert (E' : forall z', agree k' z1 z' -> (forall i, in_unit (z' i)) -> describes_env z' e' (vs :: es)).
  { intros z' A Z'. apply bind_ok; auto. apply E; auto. eapply agree_trans; eauto. }
  assert (An : agree n z z1) by (intros i I; apply A1; lia).
  assert (An' : agree n z1 z) by (intros i I; symmetry; apply A1; lia).
  assert (Next : forall f kept, (length kept <= n)%nat -> (truth (run xs t (map snd p) (vs :: es)) f -> goal) ->
      goal \/ inside z1 kept -> right_answer z1 (decide n degree narrowing x k' (compiled p) e' f kept) goal).
  { intros f' kept' L' I' K'. apply (IH z1 k' e' (vs :: es)); auto; [lia|]. intros z' A Z'. apply X; auto. eapply agree_trans; eauto. }
  assert (K1 : goal \/ inside z1 kept).
  { destruct K0 as [G|I]; auto. right. apply (inside_agree n z1 z); auto. }
  assert (Back : forall a, (forall l, a = Open l -> (length l <= n)%nat) ->
    right_answer z1 a goal -> right_answer z a goal).
  { intros [|l] La; simpl; auto. intros [G|I]; auto. right. apply (inside_agree n z z1); auto. }
  apply Back.
  { intros l D. apply (decide_length n degree narrowing x (Stage b try bd (compile c) :: compiled p) k e f kept l Lk).
    exact D. }
  destruct try; [|now apply Next].
  pose proof (E' z1 (fun i _ => eq_refl) Z1) as E1.
  destruct (run_onto xs t (map snd p) (vs :: es)) as [l [Ll Lr]]. rewrite map_length in Ll.
  assert (Lp : length l = length (compiled p)) by (unfold compiled; now rewrite map_length).
  pose proof (sift_ok z1 _ e' (vs :: es) l f Z1 Lp E1) as S.
  rewrite Lr in Is.
  assert (C : goal \/ inside z1 (confined n (length (compiled p)) e' f)).
  { destruct (confined_ok n z1 _ e' (vs :: es) l f Z1 Lp E1); auto. }
  pose proof (Left z1 _ e' f kept K1 C) as O.
  set (left := if narrowing then _ else _) in *.
  assert (Ll' : (length left <= n)%nat).
  { unfold left. destruct narrowing; [apply meets_length; auto; apply confined_length|simpl; lia]. }
  destruct (sift (length (compiled p)) e' f) as [| |f'] eqn:P; simpl in S.
  - simpl. auto.
  - destruct (worth left); simpl; auto.
  - destruct (worth left); [simpl; auto|]. apply Next; auto. rewrite Lr. auto.
Qed.

(** The part of a box where the variables [z] are in the intervals of a list. *)
Fixpoint narrowed (b cs : list interval) : list interval :=
  match b, cs with
  | i :: b, c :: cs =>
    match centred i with
    | Some (m, r) => meet i (add (point m) (mul (point r) c))
    | None => i
    end :: narrowed b cs
  | b, _ => b
  end.
Lemma narrowed_ok b : forall z k cs x, Forall2 contains b x -> placed z k b x ->
  inside (fun j => z (k + j)%nat) cs -> Forall2 contains (narrowed b cs) x.
Proof.
  induction b as [|i b IH]; intros z k cs x H P I; inversion H as [|? y ? x' C H']; subst; simpl; auto.
  destruct cs as [|c cs]; auto. destruct P as [P Q]. constructor.
  - destruct (centred i) as [[m r]|] eqn:E; auto. destruct (centred_ok i m r y E C) as [Fm [Fr _]].
    apply meet_ok; auto. rewrite P. apply add_ok; [now apply point_ok|]. apply mul_ok; [now apply point_ok|].
    specialize (I 0%nat c eq_refl). simpl in I. now rewrite Nat.add_0_r in I.
  - apply (IH z (S k)); auto. intros j w J. specialize (I (S j) w J). simpl in I.
    now rewrite Nat.add_succ_r in I.
Qed.

(** * Which products keep squares *)

(** Products on which sums and constant factors alone depend keep their squares in degree 1: what
    cancels between them is the larger part, and nothing multiplies them out.  Programs are read
    from their end, [marks] being what is read in another way; no proof depends on it. *)
Fixpoint mark (k : nat) (l : list bool) : list bool :=
  match k, l with
  | O, [] => [true]
  | O, _ :: l => true :: l
  | S k, [] => false :: mark k []
  | S k, b :: l => b :: mark k l
  end.
Definition arguments (p : node Q) : list nat :=
  match p with
  | Const _ | Var _ => []
  | Neg a | Call _ a | Step a | Index a _ | Affine _ a => [a]
  | Add a b | Sub a b | Mul a b | Max a b | Quotient _ a b | Quotient2 _ a b | Increment _ a b => [a; b]
  | Select a b c => [a; b; c]
  | Stack l => l
  end.
Definition is_const (p : list (node Q)) (k : nat) : bool :=
  match nth k p (Var 0) with
  | Const _ => true
  | Stack l => forallb (fun i => match nth (S k + i) p (Var 0) with Const _ => true | _ => false end) l
  | _ => false
  end.
Fixpoint last_products (p : list (node Q)) (marks : list bool) : list bool :=
  match p with
  | [] => []
  | c :: p =>
    let read := hd false marks in
    let rest := tl marks in
    let product := match c with
      | Mul a b => negb (is_const p a || is_const p b) | Call (Pow 2) _ => true | _ => false end in
    let linear := match c with
      | Const _ | Var _ | Neg _ | Add _ _ | Sub _ _ | Stack _ | Index _ _ | Affine _ _ => true
      | Mul a b => is_const p a || is_const p b
      | _ => false
      end in
    let rest' := if read || negb linear then fold_right mark rest (arguments c) else rest in
    (product && negb read) :: last_products p rest'
  end.
Definition bends (p : list (node Q)) : list bool := rev (last_products (rev p) []).

Fixpoint with_bends (flags : list (bool * bool)) (l : list bool) (p : list (node Q))
  : list (bool * bool * bool * node Q) :=
  match flags, p with
  | f :: flags, c :: p => (fst f, snd f, hd false l, c) :: with_bends flags (tl l) p
  | _, _ => []
  end.
Lemma with_bends_ok f : forall l p, length f = length p -> map snd (with_bends f l p) = p.
Proof. induction f; intros l [|c p] H; simpl in *; try discriminate; auto. f_equal; auto. Qed.
