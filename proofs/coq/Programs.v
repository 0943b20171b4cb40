(** Programs over models: what is known of every vector that a program computes. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Floats Arith.
From Certify Require Import Language Analysis Intervals Arithmetic Elementary Polynomials Products.
From Certify Require Import Models Operations Rationals.
Import ListNotations.
Local Open Scope R_scope.

(** Constants as intervals, once for all boxes. *)
Definition compile (n : node Q) : node interval :=
  match n with
  | Const q => Const (enclose q)
  | Var i => Var i | Neg a => Neg a | Add a b => Add a b | Sub a b => Sub a b
  | Mul a b => Mul a b | Max a b => Max a b | Call g a => Call g a | Step a => Step a
  | Select a b c => Select a b c | Quotient g a b => Quotient g a b
  | Quotient2 g a b => Quotient2 g a b | Increment g a b => Increment g a b
  | Stack l => Stack l | Index a i => Index a i
  | Affine rows a => Affine (map (fun r => (map enclose (fst r), enclose (snd r))) rows) a
  end.

Definition row := list (option model).
Definition on1 (f : model -> option model) (a : option model) : option model :=
  match a with Some x => f x | None => None end.
Definition on2 (f : model -> model -> option model) (a b : option model) : option model :=
  match a, b with Some x, Some y => f x y | _, _ => None end.

Section Rules.
Variables (n degree : nat).

Definition select_model (a b c : option model) : option model :=
  on1 (fun m0 =>
    let m := tight n degree m0 in
    if positive (range m) then b else if nonpositive (range m) then c
    else on2 (fun x y =>
      Some (plain (hull (range (tight n degree x)) (range (tight n degree y))))) b c) a.

Definition evaluate_models (x : list model) (e : list row) (p : node interval) : row :=
  let arg k := nth k e [] in
  let first k := hd None (arg k) in
  match p with
  | Const i => [Some (plain i)]
  | Var i => [nth_error x i]
  | Neg a => map (on1 (fun m => Some (neg_model degree m))) (arg a)
  | Add a b => zip (on2 (fun u v => Some (add_model degree u v))) (arg a) (arg b)
  | Sub a b => zip (on2 (fun u v => Some (sub_model degree u v))) (arg a) (arg b)
  | Mul a b =>
    if Nat.eqb a b then map (on1 (fun m => Some (square_model n degree m))) (arg a)
    else zip (on2 (fun u v => Some (mul_model n degree u v))) (arg a) (arg b)
  | Max a b => zip (on2 (fun u v => Some (max_model n degree u v))) (arg a) (arg b)
  | Call g a => map (on1 (call_model n degree g)) (arg a)
  | Step a => map (on1 (fun m => Some (plain (step_range (range (tight n degree m)))))) (arg a)
  | Select a b c => [select_model (first a) (first b) (first c)]
  | Quotient g a b => zip (on2 (quotient_model n degree g)) (arg a) (arg b)
  | Quotient2 g a b => zip (on2 (quotient2_model n degree g)) (arg a) (arg b)
  | Increment g a b => zip (on2 (increment_model n degree g)) (arg a) (arg b)
  | Stack l => map first l
  | Index a i => [nth i (arg a) None]
  | Affine rows a => map (fun r => row_model degree (fst r) (arg a) (snd r)) rows
  end.

(** Errors of a vector get names, if its node has the first flag: any choice is sound. *)
Fixpoint name_all (k : nat) (v : row) : row :=
  match v with
  | [] => []
  | Some m :: v' => Some (named k m) :: name_all (S k) v'
  | None :: v' => None :: name_all (S k) v'
  end.

(** The variables of a box; [before] counts those that came before. *)
Fixpoint variables (before : nat) (b : list interval) : option (list model) :=
  match b with
  | [] => Some []
  | i :: b' =>
    match variables (S before) b' with
    | None => None
    | Some l =>
      match degree with
      | O => Some (plain i :: l)
      | _ => match centred i with
        | Some (m, r) => Some (Model (Poly (point m) (repeat zero before ++ [point r]) [] []) i :: l)
        | None => None
        end
      end
    end
  end.
End Rules.

(** What is proved before the last [r] nodes are known; an atom that needs them is not. *)
Section Formulas.
Variables (n degree : nat).
Fixpoint proved (r : nat) (e : list row) (f : formula) : bool :=
  let reach k m := Nat.leb r k && match nth (k - r) e [] with
    | [Some m'] => m (range (tight n degree m')) | _ => false end in
  match f with
  | Positive k => reach k positive
  | Nonnegative k => reach k nonnegative
  | Defined k => reach k (fun _ => true)
  | And a b => proved r e a && proved r e b
  | Or a b => proved r e a || proved r e b
  end.

(** The formula is tried after each node with the second flag, and at the end. *)
Fixpoint decide (x : list model) (k : nat) (p : list (bool * bool * node interval)) (e : list row)
  (f : formula) : bool :=
  match p with
  | [] => proved 0 e f
  | (named, try, c) :: p' =>
    let v := evaluate_models n degree x e c in
    let e' := (if named then name_all k v else v) :: e in
    (try && proved (length p') e' f) || decide x (if named then k + length v else k) p' e' f
  end.

(** The same, but tried once only, after the first node with that flag. *)
Fixpoint decide_first (x : list model) (k : nat) (p : list (bool * bool * node interval))
  (e : list row) (f : formula) : bool :=
  match p with
  | [] => proved 0 e f
  | (named, try, c) :: p' =>
    let v := evaluate_models n degree x e c in
    let e' := (if named then name_all k v else v) :: e in
    if try then proved (length p') e' f
    else decide_first x (if named then k + length v else k) p' e' f
  end.
Lemma decide_first_ok x f p : forall k e, decide_first x k p e f = true -> decide x k p e f = true.
Proof.
  induction p as [|[[b t] c] p IH]; intros k e H; simpl in *; auto.
  apply orb_true_iff. destruct t; [left; exact H|right; now apply IH].
Qed.
End Formulas.

(** * Soundness *)

Lemma Forall2_nth {A B} (P : A -> B -> Prop) a b : P a b ->
  forall i l m, Forall2 P l m -> P (nth i l a) (nth i m b).
Proof. intros H. induction i; intros l m F; destruct F; simpl; auto. Qed.
Lemma Forall2_hd {A B} (P : A -> B -> Prop) a b l m : P a b -> Forall2 P l m -> P (hd a l) (hd b m).
Proof. intros H F; destruct F; simpl; auto. Qed.
Lemma Forall2_map2 {A B A' B'} (P : A -> B -> Prop) (Q : A' -> B' -> Prop) f g l m :
  (forall a b, P a b -> Q (f a) (g b)) -> Forall2 P l m -> Forall2 Q (map f l) (map g m).
Proof. intros H; induction 1; simpl; auto. Qed.
Lemma Forall2_mapi {A B A' B'} (P : A -> B -> Prop) (Q : A' -> B' -> Prop) f g l m :
  (forall i a b, P a b -> Q (f a) (g i b)) -> Forall2 P l m ->
  forall i, Forall2 Q (map f l) (mapi_from i g m).
Proof. intros H; induction 1; simpl; auto. Qed.
Lemma Forall2_impl {A B} (P Q : A -> B -> Prop) l m : (forall a b, P a b -> Q a b) ->
  Forall2 P l m -> Forall2 Q l m.
Proof. intros H; induction 1; auto. Qed.
Lemma Forall2_combine {A B} (P : A -> B -> Prop) l m : Forall2 P l m -> forall l' m',
  Forall2 P l' m' ->
  Forall2 (fun a b => P (fst a) (fst b) /\ P (snd a) (snd b)) (combine l l') (combine m m').
Proof. induction 1; intros l2 m2 F; simpl; auto. destruct F; constructor; auto. Qed.

Section Soundness.
Variables (degree : nat) (d : list R).
Hypothesis D : List.Forall in_unit d.
Notation n := (length d).
Definition describes_row s k : row -> vector -> Prop := Forall2 (models_scalar d s k).

Lemma select_model_ok s k a b c u v w : models_scalar d s k a u ->
  models_scalar d s k b v -> models_scalar d s k c w ->
  (forall i, in_unit (s i)) -> models_scalar d s k (select_model n degree a b c) (select u v w).
Proof.
  intros A B C S. destruct a as [m0|]; simpl; auto. destruct A as [x [-> A0]]. simpl.
  pose proof (tight_ok degree d s k D S _ _ A0) as A. set (m := tight n degree m0) in *.
  destruct (positive (range m)) eqn:P.
  { pose proof (positive_ok _ _ P (proj1 A)). destruct Rlt_dec; [auto|contradiction]. }
  destruct (nonpositive (range m)) eqn:N.
  { pose proof (nonpositive_ok _ _ N (proj1 A)). destruct Rlt_dec; [lra|auto]. }
  destruct b as [b|], c as [c|]; simpl; auto.
  destruct B as [y [-> B0]], C as [z [-> C0]].
  pose proof (tight_ok degree d s k D S _ _ B0) as B. pose proof (tight_ok degree d s k D S _ _ C0) as C.
  destruct Rlt_dec; eexists; (split; [reflexivity|]); apply plain_ok;
    [apply hull_left, B|apply hull_right, C].
Qed.

Lemma evaluate_ok s k x xs t e es p : (forall i, in_unit (s i)) -> (forall i, 0 <= t i <= 1) ->
  Forall2 (models d s k) x xs -> Forall2 (describes_row s k) e es ->
  describes_row s k (evaluate_models n degree x e (compile p)) (evaluate xs t es p).
Proof.
  intros S T X E.
  assert (arg : forall j, describes_row s k (nth j e []) (nth j es []))
    by (intros; apply (Forall2_nth (describes_row s k)); auto; constructor).
  assert (first : forall j, models_scalar d s k (hd None (nth j e [])) (hd None (nth j es [])))
    by (intros; apply Forall2_hd; simpl; auto; apply arg).
  assert (one : forall f g, (forall m u, models d s k m u -> models_scalar d s k (f m) (g u)) ->
    forall a u, models_scalar d s k a u -> models_scalar d s k (on1 f a) (lift1 g u)).
  { intros f g H [m|] u A; simpl; auto. destruct A as [v [-> A]]. simpl. auto. }
  assert (two : forall f g, (forall m m' u v, models d s k m u -> models d s k m' v ->
    models_scalar d s k (f m m') (g u v)) -> forall a b u v, models_scalar d s k a u ->
    models_scalar d s k b v -> models_scalar d s k (on2 f a b) (lift2 g u v)).
  { intros f g H [m|] [m'|] u v A B; simpl; auto.
    destruct A as [w [-> A]], B as [z [-> B]]. simpl. auto. }
  assert (maps : forall f g j, (forall m u, models d s k m u -> models_scalar d s k (f m) (g u)) ->
    describes_row s k (map (on1 f) (nth j e [])) (map (lift1 g) (nth j es []))).
  { intros f g j H. eapply Forall2_map2; [|apply arg]. apply one, H. }
  assert (zips : forall f g i j, (forall m m' u v, models d s k m u -> models d s k m' v ->
    models_scalar d s k (f m m') (g u v)) ->
    describes_row s k (zip (on2 f) (nth i e []) (nth j e []))
                      (zip (lift2 g) (nth i es []) (nth j es []))).
  { intros f g i j H. unfold zip. eapply Forall2_map2; [|apply Forall2_combine; apply arg].
    intros a b [P Q]. now apply two. }
  assert (zipis : forall f g i j, (forall q m m' u v, models d s k m u -> models d s k m' v ->
    models_scalar d s k (f m m') (g q u v)) ->
    describes_row s k (zip (on2 f) (nth i e []) (nth j e []))
                      (zipi (fun q => lift2 (g q)) (nth i es []) (nth j es []))).
  { intros f g i j H. unfold zip, zipi, mapi.
    eapply Forall2_mapi; [|apply Forall2_combine; apply arg].
    intros q a b [P Q]. simpl. apply two; auto. }
  assert (some : forall m v, models d s k m v -> models_scalar d s k (Some m) (Some v))
    by (intros; simpl; eauto).
  destruct p; simpl.
  - repeat constructor. exists (Q2R q). split; auto. apply plain_ok, enclose_ok.
  - repeat constructor. revert x xs X. induction i; intros x xs X; destruct X; simpl; auto.
    now apply some.
  - apply maps. intros. now apply some, neg_model_ok.
  - apply zips. intros. now apply some, add_model_ok.
  - apply zips. intros. now apply some, sub_model_ok.
  - destruct (Nat.eqb_spec a b) as [->|_].
    + assert (Z : forall v : vector, zip (lift2 (fun x y => Some (x * y))) v v =
        map (lift1 (fun x => Some (x * x))) v).
      { unfold zip. induction v as [|[r|] v IH]; simpl; auto; now rewrite IH. }
      rewrite Z. apply maps. intros. now apply some, square_model_ok.
    + apply zips. intros. now apply some, mul_model_ok.
  - apply zips. intros. now apply some, max_model_ok.
  - apply maps. intros. now apply call_model_ok.
  - unfold mapi. eapply Forall2_mapi; [|apply arg]. intros i m u A. apply one; auto.
    intros m' v B. destruct (tight_ok degree d s k D S _ _ B) as [B' _].
    apply some, plain_ok. now apply step_range_ok.
  - repeat constructor. apply select_model_ok; auto.
  - apply zipis. intros. now apply quotient_model_ok.
  - apply zipis. intros. now apply quotient2_model_ok.
  - apply zips. intros. now apply increment_model_ok.
  - induction parts; simpl; constructor; auto.
  - repeat constructor. apply Forall2_nth; simpl; auto. apply arg.
  - induction rows as [|r rows IH]; simpl; constructor; auto.
    apply row_model_ok; auto; [|apply arg|apply enclose_ok].
    induction (fst r); simpl; constructor; auto. apply enclose_ok.
Qed.

Lemma row_extend s s' k k' v vs : extends k s s' -> (k <= k')%nat ->
  describes_row s k v vs -> describes_row s' k' v vs.
Proof.
  intros E L. induction 1 as [|m a l l' H F IH]; constructor; auto.
  destruct m as [m|]; simpl in *; auto. destruct H as [u [-> H]]. exists u. split; auto.
  now apply (models_extend d s s' k k').
Qed.
Lemma extends_trans k k' s s' s'' : extends k s s' -> extends k' s' s'' -> (k <= k')%nat ->
  extends k s s''.
Proof. intros A B L i I. rewrite B by lia. now apply A. Qed.

Lemma name_all_ok v : forall s k vs, (forall i, in_unit (s i)) -> describes_row s k v vs ->
  exists s', (forall i, in_unit (s' i)) /\ extends k s s' /\
    describes_row s' (k + length v) (name_all k v) vs.
Proof.
  induction v as [|m v IH]; intros s k vs U H; inversion H as [|m0 a v0 vs' Ha Hv]; subst.
  - exists s. split; [exact U|]. split; [intros i _; reflexivity|constructor].
  - assert (N : exists t, in_unit t /\ models_scalar d (assign k t s) (S k)
        (match m with Some m => Some (named k m) | None => None end) a).
    { destruct m as [m|]; [|exists 0; split; [unfold in_unit; lra|exact I]].
      destruct Ha as [u [-> Ha]]. destruct (named_ok d s k m u Ha) as [t [T M]].
      exists t. split; auto. simpl. eauto. }
    destruct N as [t [T N]].
    destruct (IH (assign k t s) (S k) vs') as [s' [U' [E' R']]].
    { now apply assign_unit. }
    { apply (row_extend s _ k); auto. apply assign_extends. }
    exists s'. split; [exact U'|]. split.
    + apply (extends_trans k (S k) s (assign k t s)); auto. apply assign_extends.
    + simpl length. replace (k + S (length v))%nat with (S k + length v)%nat by lia.
      destruct m as [m|]; simpl name_all; (constructor; [|exact R']).
      * simpl in *. destruct N as [u [-> N]]. exists u. split; auto.
        apply (models_extend d (assign k t s) s' (S k)); auto. lia.
      * simpl. auto.
Qed.

Definition compiled (p : list (bool * bool * node Q)) : list (bool * bool * node interval) :=
  map (fun bn => (fst bn, compile (snd bn))) p.

Lemma proved_ok s k r e es l f : (forall i, in_unit (s i)) -> length l = r ->
  Forall2 (describes_row s k) e es -> proved n degree r e f = true -> truth (l ++ es) f.
Proof.
  intros S L E.
  assert (A : forall j test, Nat.leb r j && match nth (j - r) e [] with
    | [Some m] => test (range (tight n degree m)) | _ => false end = true ->
    exists v i, nth j (l ++ es) [] = [Some v] /\ contains i v /\ test i = true).
  { intros j test H. apply andb_prop in H; destruct H as [H1 H].
    apply Nat.leb_le in H1. rewrite app_nth2 by lia. rewrite L.
    pose proof (Forall2_nth (describes_row s k) [] [] (Forall2_nil _) (j - r) _ _ E) as M.
    destruct M as [|m a t t' Ma M]; [discriminate|]. destruct m as [m|]; [|discriminate].
    destruct M; [|discriminate]. destruct Ma as [v [-> Ma]].
    exists v, (range (tight n degree m)). split; auto. split; auto.
    apply (tight_ok degree d s k D S _ _ Ma). }
  induction f; simpl; intros H.
  - destruct (A _ positive H) as [v [i [N [C P]]]]. exists v. split; auto. eapply positive_ok; eauto.
  - destruct (A _ nonnegative H) as [v [i [N [C P]]]]. exists v. split; auto. eapply nonnegative_ok; eauto.
  - destruct (A _ (fun _ => true) H) as [v [i [N _]]]. eauto.
  - apply andb_prop in H; destruct H. auto.
  - apply orb_prop in H; destruct H; auto.
Qed.

Lemma run_onto x t p : forall e, exists l, length l = length p /\ run x t p e = l ++ e.
Proof.
  induction p as [|c p IH]; intros e; simpl; [exists []; auto|].
  destruct (IH (evaluate x (t (length e)) e c :: e)) as [l [L E]].
  exists (l ++ [evaluate x (t (length e)) e c]). rewrite app_length, E, <- app_assoc. simpl.
  split; [lia|reflexivity].
Qed.

Theorem decide_ok xs t x f p : proper t -> forall s k e es,
  (forall i, in_unit (s i)) -> Forall2 (models d s k) x xs -> Forall2 (describes_row s k) e es ->
  decide n degree x k (compiled p) e f = true -> truth (run xs t (map snd p) es) f.
Proof.
  intros T. induction p as [|[[b try] c] p IH]; intros s k e es S X E H.
  { simpl in *. apply (proved_ok s k 0 e es [] f); auto. }
  assert (L : length e = length es) by (clear - E; induction E; simpl; auto).
  pose proof (evaluate_ok s k x xs (t (length es)) e es c S (T _) X E) as V.
  simpl map in *. cbn [compiled map fst snd decide] in H. cbn [run].
  set (v := evaluate_models n degree x e (compile c)) in *.
  set (vs := evaluate xs (t (length es)) es c) in *.
  assert (N : exists s', (forall i, in_unit (s' i)) /\ extends k s s' /\
    describes_row s' (if b then k + length v else k) (if b then name_all k v else v) vs).
  { destruct b; [now apply name_all_ok|]. exists s. split; auto. split; auto. intros i _. reflexivity. }
  destruct N as [s' [S' [E' R']]].
  set (k' := if b then (k + length v)%nat else k) in *.
  assert (K : (k <= k')%nat) by (unfold k'; destruct b; lia).
  assert (EE : Forall2 (describes_row s' k') ((if b then name_all k v else v) :: e) (vs :: es)).
  { constructor; auto. eapply Forall2_impl; [|exact E]. intros. apply (row_extend s s' k); auto. }
  apply orb_prop in H; destruct H as [H|H].
  - apply andb_prop in H; destruct H as [_ H]. unfold compiled in H. rewrite map_length in H.
    destruct (run_onto xs t (map snd p) (vs :: es)) as [l [Ll Lr]]. rewrite Lr.
    apply (proved_ok s' k' (length p) ((if b then name_all k v else v) :: e) (vs :: es) l f); auto. now rewrite Ll, map_length.
  - apply (IH s' k' ((if b then name_all k v else v) :: e)); auto. eapply Forall2_impl; [|exact X].
    intros. apply (models_extend d s s' k); auto.
Qed.
End Soundness.

(** ** Variables *)

Lemma linear_unit_row r v : contains r v -> forall before t,
  linear (before ++ [t]) (repeat zero (length before) ++ [r]) (v * t).
Proof.
  intros C. induction before as [|y before IH]; intros t; simpl.
  - apply (linear_eq _ _ (v * t + 0)); [constructor; auto; constructor|ring].
  - apply (linear_eq _ _ (0 * y + v * t)); [constructor; auto; apply zero_ok|ring].
Qed.
Lemma linear_longer d g u : linear d g u -> forall d', linear (d ++ d') g u.
Proof. induction 1; intros d'; simpl; constructor; auto. Qed.

Lemma variables_ok degree b : forall before x v s, Forall2 contains b x ->
  variables degree (length before) b = Some v ->
  exists d, List.Forall in_unit d /\ length d = length b /\
    forall d', Forall2 (models (before ++ d ++ d') s 0) v x.
Proof.
  induction b as [|i b IH]; intros before x v s X V; inversion X as [|? y ? x' Hy Hx]; subst;
    simpl in V.
  - inversion V. exists []. repeat split; auto.
  - assert (K : exists m r t, -1 <= t <= 1 /\ (degree = 0%nat \/
      (finite m = true /\ finite r = true /\ centred i = Some (m, r) /\ y = toR m + toR r * t))).
    { destruct (variables degree (S (length before)) b); [|discriminate].
      destruct degree; [exists 0%float, 0%float, 0; split; [lra|auto]|].
      destruct (centred i) as [[m r]|] eqn:E; [|discriminate].
      destruct (centred_ok i m r y E Hy) as [M [N [t [T Eq]]]]. exists m, r, t. split; auto. }
    destruct K as [m [r [t [T K]]]].
    destruct (variables degree (S (length before)) b) as [l|] eqn:L; [|discriminate].
    replace (S (length before)) with (length (before ++ [t])) in L by (rewrite app_length; simpl; lia).
    destruct (IH (before ++ [t]) x' l s Hx L) as [d [D [Ld M]]].
    exists (t :: d). split; [constructor; auto|]. split; [simpl; auto|]. intros d'.
    specialize (M d'). rewrite <- app_assoc in M. simpl app in *.
    destruct K as [->|[Fm [Fr [E Eq]]]].
    + inversion V; subst. constructor; auto. now apply plain_ok.
    + assert (Z : models (before ++ t :: d ++ d') s 0
        (Model (Poly (point m) (repeat zero (length before) ++ [point r]) [] []) i) y).
      { split; [exact Hy|]. constructor. exists (toR m), (toR r * t), 0, 0. simpl.
        split; [now apply point_ok|]. split; [|split; [constructor|split; [constructor|lra]]].
        replace (before ++ t :: d ++ d') with ((before ++ [t]) ++ (d ++ d'))
          by (rewrite <- app_assoc; reflexivity).
        apply linear_longer. apply linear_unit_row. now apply point_ok. }
      rewrite E in V. destruct degree; inversion V; subst; constructor; auto. now apply plain_ok.
Qed.
